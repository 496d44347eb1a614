/* SPDX-License-Identifier: MIT */
/* Standard output, and who reads it. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

/* Descriptors 0 to 2 that are closed would be given to the next file that is opened. */
void output_begin(void);

/*
 * From here on a reader who goes away does not end the program: there is something to
 * do after the report.
 */
void output_outlive_reader(void);

/* What is written so far goes out now; an error is remembered. */
void output_flush(void);

/*
 * At the end of the program: what is written has to arrive. Returns the exit status,
 * which is @status if it did. Who outlived a reader ends by SIGPIPE now.
 */
int output_end(int status);

#endif /* TOOL_OUTPUT_H */
