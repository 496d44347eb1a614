/* SPDX-License-Identifier: MIT */
/* Standard output, and the loss of its reader. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

/* Fills those of the descriptors 0 to 2 that are closed, so that no file opened later gets one. */
void output_begin(void);

/*
 * From here on the program outlives a reader that goes away, because it has work to do after
 * the report.
 */
void output_outlive_reader(void);

/* Flushes standard output and remembers an error. */
void output_flush(void);

/*
 * Flushes standard output at the end of the program. Returns @status, or STATUS_FAILED if
 * output was lost. If the program has outlived its reader, it ends by SIGPIPE here.
 */
int output_end(int status);

#endif /* TOOL_OUTPUT_H */
