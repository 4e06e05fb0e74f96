/* SPDX-License-Identifier: MIT */
#include "tools/attach/bootstrap.h"

#include <stddef.h>

#include "base/attach_proto.h"

#define CHECK_OFFSET(member, offset)                                        \
	_Static_assert(offsetof(struct attach_request, member) == (offset), \
		       "bootstrap.h has the offset of " #member)

CHECK_OFFSET(stage, REQUEST_STAGE);
CHECK_OFFSET(answer_read, REQUEST_ANSWER_READ);
CHECK_OFFSET(flags, REQUEST_FLAGS);
CHECK_OFFSET(dlopen, REQUEST_DLOPEN);
CHECK_OFFSET(dlsym, REQUEST_DLSYM);
CHECK_OFFSET(dlerror, REQUEST_DLERROR);
CHECK_OFFSET(memccpy, REQUEST_MEMCCPY);
CHECK_OFFSET(usleep, REQUEST_USLEEP);
CHECK_OFFSET(munmap, REQUEST_MUNMAP);
CHECK_OFFSET(entry, REQUEST_ENTRY);
CHECK_OFFSET(memory, REQUEST_MEMORY);
CHECK_OFFSET(memory_size, REQUEST_MEMORY_SIZE);
CHECK_OFFSET(code, REQUEST_CODE);
CHECK_OFFSET(code_size, REQUEST_CODE_SIZE);
CHECK_OFFSET(library, REQUEST_LIBRARY);
CHECK_OFFSET(symbol, REQUEST_SYMBOL);
CHECK_OFFSET(message, REQUEST_MESSAGE);

_Static_assert(ATTACH_LOADING == REQUEST_STAGE_LOADING && ATTACH_FAILED == REQUEST_STAGE_FAILED &&
		   ATTACH_NO_ENTRY == REQUEST_STAGE_NO_ENTRY &&
		   ATTACH_MESSAGE == REQUEST_MESSAGE_MAX + 1,
	       "bootstrap.h has the stages and the size of the message");
