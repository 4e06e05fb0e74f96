/* SPDX-License-Identifier: MIT */
#if defined(__aarch64__)
#include "tools/attach/bootstrap.h"

	.section .rodata
	.balign 4
	.globl bootstrap_code, bootstrap_code_end
	.hidden bootstrap_code, bootstrap_code_end

/* x0: struct attach_request, kept in x19 */
bootstrap_code:
	hint #34 /* bti c */
	stp x29, x30, [sp, #-48]!
	mov x29, sp
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	mov x19, x0
	ldr x9, [x19, #REQUEST_ENTRY]
	cbnz x9, 1f

	/* dlopen(library, flags), then dlsym(…, symbol) */
	mov w10, #REQUEST_STAGE_LOADING
	str w10, [x19, #REQUEST_STAGE]
	add x0, x19, #REQUEST_LIBRARY
	ldr w1, [x19, #REQUEST_FLAGS]
	ldr x9, [x19, #REQUEST_DLOPEN]
	blr x9
	cbz x0, 3f
	mov x1, #REQUEST_SYMBOL
	add x1, x19, x1
	ldr x9, [x19, #REQUEST_DLSYM]
	blr x9
	cbz x0, 2f
	mov x9, x0

1:	/* orshim_attend(request) */
	mov x0, x19
	blr x9
	b 5f

2:	mov w10, #REQUEST_STAGE_NO_ENTRY
	str w10, [x19, #REQUEST_STAGE]
	b 5f

3:	/* memccpy(message, dlerror(), 0, REQUEST_MESSAGE_MAX) */
	ldr x9, [x19, #REQUEST_DLERROR]
	blr x9
	cbz x0, 4f
	mov x1, x0
	mov x10, #REQUEST_MESSAGE
	add x0, x19, x10
	mov w2, #0
	mov x3, #REQUEST_MESSAGE_MAX
	ldr x9, [x19, #REQUEST_MEMCCPY]
	blr x9
4:	mov w10, #REQUEST_STAGE_FAILED
	dmb ish
	str w10, [x19, #REQUEST_STAGE]

5:	/* wait until the answer was read: 10000 times usleep(1000) */
	mov w20, #10000
6:	ldr w10, [x19, #REQUEST_ANSWER_READ]
	cbnz w10, 7f
	mov w0, #1000
	ldr x9, [x19, #REQUEST_USLEEP]
	blr x9
	subs w20, w20, #1
	b.ne 6b

7:	/* munmap(memory), then munmap(code), which returns into libc: this page is gone by then */
	ldr x20, [x19, #REQUEST_MUNMAP]
	ldr x21, [x19, #REQUEST_CODE]
	ldr x22, [x19, #REQUEST_CODE_SIZE]
	ldr x0, [x19, #REQUEST_MEMORY]
	ldr x1, [x19, #REQUEST_MEMORY_SIZE]
	blr x20
	mov x0, x21
	mov x1, x22
	mov x16, x20
	ldp x21, x22, [sp, #32]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #48
	br x16
bootstrap_code_end:
#endif
	.section .note.GNU-stack, "", @progbits
