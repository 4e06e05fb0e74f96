/* SPDX-License-Identifier: MIT */
#include "tools/attach/errand.h"

#include <stddef.h>

#include "base/order.h"

/* The numbers below. */
_Static_assert(offsetof(struct order, stage) == 12 && offsetof(struct order, taken) == 16 &&
		   offsetof(struct order, flags) == 20 && offsetof(struct order, dlopen) == 24 &&
		   offsetof(struct order, dlsym) == 32 && offsetof(struct order, dlerror) == 40 &&
		   offsetof(struct order, memccpy) == 48 && offsetof(struct order, usleep) == 56 &&
		   offsetof(struct order, munmap) == 64 && offsetof(struct order, attend) == 72 &&
		   offsetof(struct order, room) == 80 && offsetof(struct order, room_size) == 88 &&
		   offsetof(struct order, code) == 96 && offsetof(struct order, code_size) == 104 &&
		   offsetof(struct order, library) == 112 &&
		   offsetof(struct order, symbol) == 8304 && offsetof(struct order, said) == 8336 &&
		   ORDER_LOADING == 1 && ORDER_FAILED == 4 && ORDER_UNKNOWN == 5,
	       "the code knows the order's form");

#if defined(__x86_64__)
/* rbx: the order. The last jump returns from munmap() into libc: this page is gone by then. */
__asm__(".pushsection .rodata\n"
	".globl errand_code, errand_code_end\n"
	"errand_code:\n"
	"	endbr64\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	sub $8, %rsp\n"
	"	mov %rdi, %rbx\n"
	"	mov 72(%rbx), %rax\n" /* attend */
	"	test %rax, %rax\n"
	"	jnz 1f\n"
	"	movl $1, 12(%rbx)\n" /* stage = ORDER_LOADING */
	"	lea 112(%rbx), %rdi\n"
	"	mov 20(%rbx), %esi\n"
	"	call *24(%rbx)\n" /* dlopen(library, flags) */
	"	test %rax, %rax\n"
	"	jz 3f\n"
	"	mov %rax, %rdi\n"
	"	lea 8304(%rbx), %rsi\n"
	"	call *32(%rbx)\n" /* dlsym(…, symbol) */
	"	test %rax, %rax\n"
	"	jz 2f\n"
	"1:	mov %rbx, %rdi\n"
	"	call *%rax\n" /* attend(order) */
	"	jmp 5f\n"
	"2:	movl $5, 12(%rbx)\n" /* ORDER_UNKNOWN */
	"	jmp 5f\n"
	"3:	call *40(%rbx)\n" /* dlerror() */
	"	test %rax, %rax\n"
	"	jz 4f\n"
	"	lea 8336(%rbx), %rdi\n"
	"	mov %rax, %rsi\n"
	"	xor %edx, %edx\n"
	"	mov $1023, %ecx\n"
	"	call *48(%rbx)\n"    /* memccpy(said, …, 0, 1023) */
	"4:	movl $4, 12(%rbx)\n" /* ORDER_FAILED */
	"5:	mov $10000, %r12d\n"
	"6:	cmpl $0, 16(%rbx)\n" /* taken */
	"	jne 7f\n"
	"	mov $1000, %edi\n"
	"	call *56(%rbx)\n" /* usleep(1000) */
	"	dec %r12d\n"
	"	jnz 6b\n"
	"7:	mov 64(%rbx), %r12\n"
	"	mov 96(%rbx), %r13\n"
	"	mov 104(%rbx), %r14\n"
	"	mov 80(%rbx), %rdi\n"
	"	mov 88(%rbx), %rsi\n"
	"	call *%r12\n" /* munmap(room) */
	"	mov %r13, %rdi\n"
	"	mov %r14, %rsi\n"
	"	mov %r12, %rax\n"
	"	add $8, %rsp\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	jmp *%rax\n" /* munmap(code) */
	"errand_code_end:\n"
	".popsection\n");
#else
const unsigned char errand_code[1];
const unsigned char errand_code_end[1];
#endif
