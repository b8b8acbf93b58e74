/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings and their readers, for the Spin checker: start, stop and discard
 * against open, read and close. A section under pool.lock is a step.
 *
 * Assumptions lifted, by -D: DISCARD (another file starts with
 * EXPTRACE_START_DISCARD), OPEN_IN_START (a reader opens while a start is under
 * way). What would make these hold: FIX_DISCARD, FIX_BEGIN. See README.md.
 */
#define RECORDINGS	3
#define BATCHES		2	/* of a generation; one generation a recording */
#define NR		4	/* batches in the pool */

#define NOTHING		0
#define BATCH		1
#define END_OF_GEN	2
#define END		3

byte first;		/* generations: the oldest's number, 0 if there is none */
byte first_session;	/* the recording that it belongs to */
byte nr_full;		/* its batches */
bool complete;
byte nr_empty = NR;
byte begun, done;	/* sessions_begun, sessions_ended */
bool starting;		/* between open_generation() and exptrace_session_begin() */
bool midway;		/* the reader has taken something and not ended it; FIX_DISCARD */

/* exptrace_discard_all() */
inline discard_all() {
	nr_empty = nr_empty + nr_full;
	nr_full = 0;
	first = 0;
	complete = false
}

proctype control() {
	byte n, i;
	bool ok;

	do
	:: n == RECORDINGS -> break
	:: n < RECORDINGS ->
		/* exptrace_start() */
		ok = true;
#ifdef DISCARD
		atomic {
			if
#ifdef FIX_DISCARD
			:: midway -> ok = false		/* -EBUSY */
			:: !midway -> discard_all()
#else
			:: discard_all()
#endif
			:: true
			fi
		}
#endif
		atomic {
			if
			:: !ok || first || nr_empty < NR -> ok = false	/* exptrace_all_read() */
			:: else
			fi
		}
		if
		:: !ok ->
			/* -EBUSY: try again when that can have changed; or never */
			if
			:: atomic { first == 0 && nr_empty == NR -> skip }
#ifdef DISCARD
			:: atomic { !midway -> skip }
#endif
			:: n = RECORDINGS
			fi
		:: else ->
#ifdef FIX_BEGIN
			begun++;
#endif
			atomic {
				first = n + 1;
				first_session = n + 1;
				complete = false;
				starting = true
			}
#ifndef FIX_BEGIN
			begun++;
#endif
			starting = false;
			i = 0;
			do
			:: i < BATCHES -> atomic { nr_empty--; nr_full++; i++ }
			:: else -> break
			od;
			/* exptrace_stop() */
			complete = true;
			done = begun;
			n++
		fi
	od
}

/* next_of() */
inline next_of() {
	if
	:: session < begun -> next = END
	:: session >= begun && !first -> next = (session == done -> END : NOTHING)
	:: session >= begun && first && nr_full -> next = BATCH
	:: session >= begun && first && !nr_full -> next = (complete -> END_OF_GEN : NOTHING)
	fi
}

proctype reader() {
	byte session, next, gen, opens = 3;

	do
	:: opens == 0 -> break
	:: opens > 0 ->
		/* exptrace_open(), exptrace_session_to_read() */
		opens--;
		atomic {
#ifndef OPEN_IN_START
			!starting ->
#endif
			session = begun;
			if
			:: begun == done && !first -> session++
			:: else
			fi;
			assert(!first || session == first_session)
		}
		do
		:: atomic {	/* exptrace_take() */
			next_of();
			gen = first;
			if
			:: next == BATCH -> nr_full--; midway = true
			:: next == END_OF_GEN -> midway = true
			:: else
			fi
		   }
		   if
		   :: next == BATCH ->
			if
			:: atomic { nr_empty++; midway = false }
			:: atomic {	/* exptrace_release(), exptrace_untake() */
				assert(first == gen);
				nr_full++;
				midway = false;
				break
			   }
			fi
		   :: next == END_OF_GEN ->
			atomic {	/* exptrace_end_generation() */
				assert(first == gen);
				first = 0;
				complete = false;
				midway = false
			}
		   :: next == END -> break
		   :: next == NOTHING ->
			/* waits, or is closed */
			if
			:: session < begun || first || session == done -> skip
			:: break
			fi
		   fi
		od
	od
}

init { atomic { run control(); run reader() } }
