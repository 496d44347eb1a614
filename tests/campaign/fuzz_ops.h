/* SPDX-License-Identifier: MIT */
/*
 * fuzz: the operations that have a file of their own. Each makes its arguments from the words of
 * the current call, and returns 0 or -errno.
 */
#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

/* fuzz_mem.c */
int fuzz_run_reclaim(void);
int fuzz_run_claim(void);
int fuzz_run_sysfs(void);

/* fuzz_vm.c */
int fuzz_run_vm_create(void);
int fuzz_run_vm_destroy(void);
int fuzz_run_vm_state(void);
int fuzz_run_vm_bind(void);
int fuzz_run_bo_create(void);
int fuzz_run_bo_mmap(void);
int fuzz_run_bo_close(void);
int fuzz_run_bo_sync(void);
int fuzz_run_bo_query(void);
int fuzz_run_bo_label(void);
int fuzz_run_export(void);
int fuzz_run_import(void);

/* fuzz_group.c */
int fuzz_run_group_create(void);
int fuzz_run_group_destroy(void);
int fuzz_run_group_state(void);
int fuzz_run_submit(void);
int fuzz_run_heap_create(void);
int fuzz_run_heap_destroy(void);
int fuzz_run_sync_create(void);
int fuzz_run_sync_destroy(void);
int fuzz_run_sync_signal(void);

#endif
