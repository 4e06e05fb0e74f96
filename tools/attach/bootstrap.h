/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BOOTSTRAP_H
#define ORSHIM_BOOTSTRAP_H

/*
 * The bootstrap code: a new thread in another process runs it with a struct
 * attach_request as its argument. It loads the library if that is not loaded
 * yet, calls orshim_attend(), waits up to ten seconds until the answer was
 * read, unmaps its own memory and ends. Position-independent; a file for each machine.
 *
 * The offsets of struct attach_request that the assembler needs;
 * bootstrap.c checks each of them against the C structure.
 */
#define REQUEST_STAGE 12
#define REQUEST_ANSWER_READ 16
#define REQUEST_FLAGS 20
#define REQUEST_DLOPEN 24
#define REQUEST_DLSYM 32
#define REQUEST_DLERROR 40
#define REQUEST_MEMCCPY 48
#define REQUEST_USLEEP 56
#define REQUEST_MUNMAP 64
#define REQUEST_ENTRY 72
#define REQUEST_MEMORY 80
#define REQUEST_MEMORY_SIZE 88
#define REQUEST_CODE 96
#define REQUEST_CODE_SIZE 104
#define REQUEST_LIBRARY 112
#define REQUEST_SYMBOL 8304
#define REQUEST_MESSAGE 8336

#define REQUEST_STAGE_LOADING 1
#define REQUEST_STAGE_FAILED 4
#define REQUEST_STAGE_NO_ENTRY 5
#define REQUEST_MESSAGE_MAX 1023 /* bytes of the message, without the NUL */

#ifndef __ASSEMBLER__
extern const unsigned char bootstrap_code[];
extern const unsigned char bootstrap_code_end[];
#endif

#endif
