/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings and their readers, for the Spin checker: start, stop and discard
 * against open, read and close. A section under pool.lock is a step.
 *
 * Broken, by -D: DISCARD_TAKEN (discard takes no notice of what a reader holds),
 * DISCARD_FROZEN (nor of a snapshot), BEGIN_LATE (a recording begins after its
 * first generation was opened). Found: OWN_START (a reader that is amid a batch
 * starts with discard, and fails). See README.md.
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
bool begun_read;	/* first->begun */
bool taken;		/* exptrace_flush.taken */
bool frozen;

#if defined(DISCARD_TAKEN)
#define REFUSED	frozen
#elif defined(DISCARD_FROZEN)
#define REFUSED	taken
#else
#define REFUSED	(taken || frozen)
#endif

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
		atomic {
			if
			:: REFUSED -> ok = false	/* -EBUSY */
			:: !(REFUSED) -> discard_all()
			:: true				/* no discard */
			fi
		}
		atomic {
			if
			:: !ok || first || nr_empty < NR -> ok = false	/* exptrace_pool_claim() */
			:: else
			fi
		}
		if
		:: !ok ->
			/* -EBUSY: try again when that can have changed; or never */
			if
			:: atomic { first == 0 && nr_empty == NR -> skip }
			:: atomic { !(REFUSED) -> skip }
			:: n = RECORDINGS
			fi
		:: else ->
#ifndef BEGIN_LATE
			begun++;
#endif
			atomic {
				first = n + 1;
				first_session = n + 1;
				complete = false;
				begun_read = false
			}
#ifdef BEGIN_LATE
			begun++;
#endif
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
			session = begun;
			if
			:: begun == done && !first -> session++
			:: else
			fi;
			assert(!first || session == first_session)
		}
		if
		:: atomic { first && complete && !begun_read ->
			frozen = true; gen = first	/* exptrace_freeze() */
		   };
		   /* exptrace_view_next() */
		   assert(first == gen && nr_full == BATCHES);
		   assert(first == gen && nr_full == BATCHES);
		   frozen = false			/* exptrace_thaw() */
		:: true
		fi;
		do
		:: atomic {	/* exptrace_take() */
			next_of();
			gen = first;
			if
			:: next == BATCH -> nr_full--; taken = true; begun_read = true
			:: next == END_OF_GEN -> taken = true; begun_read = true
			:: else
			fi
		   }
		   if
		   :: next == BATCH ->
			if
			:: atomic { nr_empty++; taken = false }	/* exptrace_give() */
#ifdef OWN_START
			:: atomic {	/* exptrace_reader_drop(), then -EBUSY: it goes on to read */
				nr_full++;
				taken = false;
				assert(begun == done)	/* or a part comes twice */
			   }
#endif
			:: atomic {	/* exptrace_release(), exptrace_untake() */
				assert(first == gen);
				nr_full++;
				taken = false;
				break
			   }
			fi
		   :: next == END_OF_GEN ->
			atomic {	/* exptrace_end_generation() */
				assert(first == gen);
				first = 0;
				complete = false;
				taken = false
			}
		   :: next == END_OF_GEN ->
			taken = false		/* exptrace_untake_end() */
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
