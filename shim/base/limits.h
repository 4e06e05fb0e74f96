/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LIMITS_H
#define ORSHIM_LIMITS_H

/*
 * Every ceiling of the shim. A number that bounds memory or work is defined here and
 * nowhere else. In bytes unless its name or its comment has another unit.
 */

/* wire */
#define LIMIT_HEAD (256 * 1024)	       /* start line and fields of one message; Node's own ceiling is 16 KiB */
#define LIMIT_FIELDS 512	       /* field lines kept of one message (count) */
#define LIMIT_FAULTS 16		       /* wire faults remembered of one message (count) */
#define LIMIT_BODY_DEFAULT (8 << 20)   /* ORSHIM_BODY_MAX when unset */
#define LIMIT_BODY_MAX (1 << 30)       /* most that ORSHIM_BODY_MAX may ask for */
#define LIMIT_ANSWER_BODY (256 * 1024) /* kept of an answer that is no error: an error may hide in it */
#define LIMIT_CHUNK_LINE 4096	       /* chunk size line with its extensions */
#define LIMIT_TRAILERS (16 * 1024)     /* trailer section of one message */
#define LIMIT_PIPELINE 64	       /* requests waiting for their answers on one connection (count) */
#define LIMIT_STREAMS 512	       /* HTTP/2 streams alive on one connection (count) */
#define LIMIT_FRAME (1 << 24)	       /* HTTP/2 frame payload, the format's own ceiling */
#define LIMIT_HPACK_TABLE 65536	       /* HPACK dynamic table that we follow (RFC 7541 4.2) */
#define LIMIT_CODINGS 4		       /* stacked content codings that are undone (count) */
#define LIMIT_BOMB_RATIO 1000	       /* decoded bytes per coded byte above which decoding stops (ratio) */
#define LIMIT_SSE_EVENT (256 * 1024)   /* data of one event that is kept */
#define LIMIT_GENERATION_NAME 128      /* of the model and the id that an answer names; longer ones are not kept */
#define LIMIT_GENERATION_EVENTS 4      /* events of a stream that are asked for both (count) */
#define LIMIT_CERTIFICATE (16 * 1024)  /* a certificate that is read; with hundreds of names they have half of it */
#define LIMIT_ISSUER 128	       /* the name of who signed it */
#define LIMIT_CERT_NAMES 160	       /* the names that it is for, as many as fit */

/* tap */
#define LIMIT_SEGMENTS 16	    /* segments of a program that is searched (count) */
#define LIMIT_EMBEDDED_MIN (256 * 1024) /* code below which no unnamed TLS library is looked for: libssl alone has more */
#define LIMIT_EMBEDDED_MAX (1UL << 30) /* an object that is larger is not searched */
#define LIMIT_SEARCHED 64	    /* objects remembered as searched (count) */
#define LIMIT_SCAN_WAIT_US 2000000 /* a connect() waits this long for another thread's search: TLS libraries of 400 MB take a tenth (microseconds) */
#define LIMIT_LOADER_WAIT_US 50000 /* and this long while that thread waits for the loader's lock, which we may have (microseconds) */
#define LIMIT_ATTACH_WAIT_US 5000000 /* an attachment waits this long for another thread's search (microseconds) */
#define LIMIT_PIECE (256 * 1024)    /* of a program that is read at once: fits a processor's cache */
#define LIMIT_TLS_LIBRARIES 8		    /* TLS libraries in one process (count) */
#define LIMIT_PENDING 16384	    /* of a GnuTLS record that waits to be sent: a record has no more (RFC 8446 5.1) */
#define LIMIT_CONNECTIONS 4096	    /* live API connections of one process (count) */
#define LIMIT_IDLE_US (3600LL * 1000000) /* a connection unused this long may be evicted (microseconds) */
#define LIMIT_DROPPED 65536	    /* live connections that are not watched (count) */
#define LIMIT_UNWATCHED 1024	    /* of them that are known without a lock (count) */
#define LIMIT_EARLY (16 * 1024)	    /* kept of a server that speaks before its client */
#define LIMIT_CALLERS 256	    /* places that call an exported function of ours (count) */
#define LIMIT_OPEN_CALLS 1024	    /* calls of exported TLS functions that have not returned (count) */
#define LIMIT_PATH 4096		    /* a file name, as PATH_MAX */
#define LIMIT_INTERPRETER 256	    /* head of a program that is about to be executed; a "#!" line */
#define LIMIT_KEPT_COUNT 32	    /* ORSHIM_* settings handed to children (count) */
#define LIMIT_KEPT_SETTINGS 16384   /* their text */
#define LIMIT_SETTINGS (2 << 20)    /* text of all settings of a process; one is 128 KiB at most, execve(2) */
#define LIMIT_ARGUMENTS (1 << 20)   /* of a process, looked for in musl (count) */
#define LIMIT_STACK_TOP (64 << 20)  /* arguments and variables as the kernel lays them out; 6 MiB at most, execve(2) */
#define LIMIT_PRELOAD_ENV (64 * 1024)    /* stack that a child's rebuilt environment may take */
#define LIMIT_COMPILED_IN (4 << 20) /* a program below this has no TLS compiled in: bash, git, sed */
#define LIMIT_NOT_PRELOADED 64	    /* programs not followed, each reported once (count) */
#define LIMIT_SMALL_LINE 8192	    /* a line of the log that is put together on the stack */

/* relay (orshim run) */
#define LIMIT_PLAIN 4096	    /* descriptors below this number may be watched for HTTP without TLS */
#define LIMIT_RELAY_LINKS 1024	    /* redirected connections alive at a time (count) */
#define LIMIT_RELAY_LISTENERS 64    /* programs whose connect() is asked about (count) */
#define LIMIT_RELAY_PEERS 256	    /* processes that made such connections and live (count) */
#define LIMIT_RELAY_ALSO 8	    /* connect() calls of other threads on a socket that is being connected (count) */
#define LIMIT_RELAY_CALLS 512	    /* connect() calls that wait for an answer (count) */
#define LIMIT_RELAY_HELLO (64 * 1024) /* of a client's first bytes, in which its ClientHello must be */
#define LIMIT_RELAY_QUEUE (64 * 1024) /* on the way to one side of a connection; above it the other side is not read */
#define LIMIT_COLLECTED 256	    /* processes that send their lines because they cannot open the log (count) */
#define LIMIT_RELAY_NAMES 64	    /* hosts of one run that are listed as not decrypted (count) */
#define LIMIT_RELAY_LEAVES 32	    /* certificates that are kept (count) */
#define LIMIT_RELAY_ROOTS 8192	    /* roots that one runtime trusts (count) */
#define LIMIT_TRUST (8 << 20)	    /* a file of certificates that a variable names */

/* diagnose */
#define LIMIT_STALL_US 2000000	 /* a client that sends nothing for so long, with room to send, has sent all (microseconds) */
#define LIMIT_ROOM (16 * 1024)	 /* of a body that a client can write though the server reads nothing: Linux's least for a socket's buffer, tcp(7) tcp_wmem */
#define LIMIT_FINDINGS 24	 /* findings of one exchange (count) */
#define LIMIT_DETAIL 400	 /* the variable part of one finding */
#define LIMIT_FIX 480		 /* what to do about a finding, where its rule's own words do not fit the case */
#define LIMIT_RETRIED 16	 /* failed requests that may be sent again, remembered in one process (count) */
#define LIMIT_RETRY_US 60000000	 /* a retry begins within this long after the failure: SDKs of OpenAI wait as long as Retry-After says, up to a minute (microseconds) */
#define LIMIT_KEYED 16		 /* kinds of requests with a key that are remembered in one process (count) */
#define LIMIT_KEYED_PATH 128	 /* of such a request's path */
#define LIMIT_URL_KEY 128	 /* bytes of a percent-encoded key in a URL; longer ones stay encoded */
#define LIMIT_CREDENTIALS 8	 /* credential carriers looked at in one request (count) */
#define LIMIT_CACHED_KEY 512	 /* a header value that holds a key and is recognised when it comes again */
#define LIMIT_CLAIMS 4096        /* decoded claims of a JWT that are read; longer ones are not */
#define LIMIT_REDIRECT_PATH 192 /* of a redirect, to recognise the request that follows it */
#define LIMIT_CACHED_ENDPOINT 512	 /* a host and a path that are recognised when they come again */
#define LIMIT_MEANING_TEXT 1500 /* of a refusal's words that are understood */
#define LIMIT_MEANING_BODY (256 * 1024) /* of a request in which a refusal's words are looked for */
#define LIMIT_MEANING_SENTENCES 16 /* of a refusal that are understood (count) */
#define LIMIT_FORM_SCAN 4096 /* of a body in which the names of a form are looked for */
#define LIMIT_FORM_NAME 512 /* of a body in which its first name must end to be a form */
#define LIMIT_TITLE_SCAN 8192 /* of a web page in which its title is looked for */
#define LIMIT_SCHEMA_DEPTH 16 /* of a tool's schema that is searched for a name (levels) */
#define LIMIT_UNWRAP 4		 /* JSON-in-string levels around an error (count) */
#define LIMIT_JSON_DEPTH 128	 /* nesting that is followed: the stack is the host thread's; RFC 8259 section 9 allows a limit. Also cJSON's, in the Makefile (count) */
#define LIMIT_JSON_NAMES 1024	 /* member names of all open objects that are compared for duplicates (count) */
#define LIMIT_JSON_VALUES 200000 /* of one text that is made a tree, some 80 bytes each: text of 8 MiB can ask for 300 MiB (count) */
#define LIMIT_JSON_MEMBERS 256	 /* of one object; further members are judged but not compared (count) */
#define LIMIT_ANSWER_HEAD (8 * 1024) /* of a good answer, searched for its provider's name: OpenRouter's comments come before */
#define LIMIT_PAGE_HEAD (8 * 1024) /* of a web page, searched for its title */
#define LIMIT_SHORT_ANSWER 1024  /* longer ones with status 200 are no error without the word in it: vendors that put errors there are brief */
#define LIMIT_PROVIDER 64	 /* that name */
#define LIMIT_SILENCE 8		 /* findings of a connection on which nothing was sent (count) */
#define LIMIT_ASKED 16		 /* hosts that were asked something, remembered beside the history (count) */
#define LIMIT_SHOWN_NAME 64	 /* a variable's name in a finding */
#define LIMIT_ENVIRON (256 * 1024) /* environment block that is searched */
#define LIMIT_FOUND (64 * 1024)	 /* text about keys that were found in files before the start */
#define LIMIT_FOUND_SHOWN 4	 /* places in files named as the origin of one token (count) */
#define LIMIT_SOURCES 4		 /* variables named as the origin of one token (count) */
#define LIMIT_HISTORY 256	 /* (host, path, credential) rows remembered in one process (count) */
#define LIMIT_HOSTS 64		 /* entries of ORSHIM_HOSTS (count) */

/* before a tool starts */
#define LIMIT_READ_FILE (1 << 20) /* of one file of the user's that is searched */
#define LIMIT_READ_FILES 64	 /* such files (count) */
#define LIMIT_REACH 64		 /* keys that are found in them and in the environment (count) */
#define LIMIT_REACH_RUN 2048	 /* of a value in a file: longer ones are no keys */

/* report */
#define LIMIT_LOG_DEFAULT (64LL << 20) /* ORSHIM_LOG_MAX when unset */
#define LIMIT_LOG_MIN (64LL << 10)  /* least that ORSHIM_LOG_MAX may ask for: a line fits */
#define LIMIT_LOG_MAX (1LL << 40)   /* most that it may ask for */
#define LIMIT_LINE (64 * 1024)	   /* one line of the log */
#define LIMIT_LOG_LOOK 200000	   /* how long the rotation of the log may go unnoticed (microseconds) */
#define LIMIT_BLOCK (16 * 1024)	   /* one human diagnosis */
#define LIMIT_PAIRS 32	   /* header fields of one side whose JSON is kept for when they come again (count) */
#define LIMIT_PAIR 248	   /* such a field and its JSON */
#define LIMIT_SHOWN_VALUE 200	   /* header value shown to a person */
#define LIMIT_SHOWN_MESSAGE 2000   /* server text kept in a record */
#define LIMIT_MOUNTS (256 * 1024) /* of a list of mounts that is searched for a container's id */
#define LIMIT_CAPTURE_FILES 256	   /* connections of one process that are captured (count) */
#define LIMIT_CAPTURE_FILE (64 << 20) /* one capture */
#define LIMIT_CAPTURE_FILL 1024	   /* filler for the rest of a body that was not kept */
#define LIMIT_BASIC 256 /* user and password that are looked for in a captured answer */
#define LIMIT_ECHO_ANSWER (16 * 1024) /* of a refusal, searched for a credential written in another way */
#define LIMIT_ECHO 255 /* places of a request's credentials that are looked for in what is written (count) */
#define LIMIT_PSEUDONYMS 4096	   /* secrets and ids replaced in one capture (count) */
#define LIMIT_SAID 32	   /* causes with their key and place that were said to people (count) */

#endif
