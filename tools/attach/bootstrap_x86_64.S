/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)
#include "tools/attach/bootstrap.h"

	.section .rodata
	.globl bootstrap_code, bootstrap_code_end
	.hidden bootstrap_code, bootstrap_code_end

/* rdi: struct attach_request, kept in rbx */
bootstrap_code:
	endbr64
	push %rbx
	push %r12
	push %r13
	push %r14
	sub $8, %rsp
	mov %rdi, %rbx
	mov REQUEST_ENTRY(%rbx), %rax
	test %rax, %rax
	jnz 1f

	/* dlopen(library, flags), then dlsym(…, symbol) */
	movl $REQUEST_STAGE_LOADING, REQUEST_STAGE(%rbx)
	lea REQUEST_LIBRARY(%rbx), %rdi
	mov REQUEST_FLAGS(%rbx), %esi
	call *REQUEST_DLOPEN(%rbx)
	test %rax, %rax
	jz 3f
	mov %rax, %rdi
	lea REQUEST_SYMBOL(%rbx), %rsi
	call *REQUEST_DLSYM(%rbx)
	test %rax, %rax
	jz 2f

1:	/* orshim_attend(request) */
	mov %rbx, %rdi
	call *%rax
	jmp 5f

2:	movl $REQUEST_STAGE_NO_ENTRY, REQUEST_STAGE(%rbx)
	jmp 5f

3:	/* memccpy(message, dlerror(), 0, REQUEST_MESSAGE_MAX) */
	call *REQUEST_DLERROR(%rbx)
	test %rax, %rax
	jz 4f
	lea REQUEST_MESSAGE(%rbx), %rdi
	mov %rax, %rsi
	xor %edx, %edx
	mov $REQUEST_MESSAGE_MAX, %ecx
	call *REQUEST_MEMCCPY(%rbx)
4:	movl $REQUEST_STAGE_FAILED, REQUEST_STAGE(%rbx)

5:	/* wait until the answer was read: 10000 times usleep(1000) */
	mov $10000, %r12d
6:	cmpl $0, REQUEST_ANSWER_READ(%rbx)
	jne 7f
	mov $1000, %edi
	call *REQUEST_USLEEP(%rbx)
	dec %r12d
	jnz 6b

7:	/* munmap(memory), then munmap(code), which returns into libc: this page is gone by then */
	mov REQUEST_MUNMAP(%rbx), %r12
	mov REQUEST_CODE(%rbx), %r13
	mov REQUEST_CODE_SIZE(%rbx), %r14
	mov REQUEST_MEMORY(%rbx), %rdi
	mov REQUEST_MEMORY_SIZE(%rbx), %rsi
	call *%r12
	mov %r13, %rdi
	mov %r14, %rsi
	mov %r12, %rax
	add $8, %rsp
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	jmp *%rax
bootstrap_code_end:
#endif
	.section .note.GNU-stack, "", @progbits
