/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings and their readers, for the Spin checker: start, stop and discard
 * against a file that opens, reads, takes snapshots, starts a recording itself and
 * closes, and against mappings. A section under pool.lock is a step.
 *
 * Broken variants, by -D: DISCARD_TAKEN (discard ignores what a reader holds),
 * BEGIN_EARLY (a recording begins for readers before it is certain), ANY_SESSION (a
 * reader takes from any recording), PUT_BACK_FIRST (START puts back what its file holds
 * before it checks), LATE_CLOSE (before the pool can no longer be mapped),
 * NO_FREEZE_CHECK (it does not check who holds a snapshot), NO_CLOSE (the pool can be
 * mapped while it goes away). See README.md.
 */
#ifndef STARTS
#define STARTS		2	/* by another file, and one by the reader itself */
#endif
#define OPENS		2
#define MAPS		1
#define BATCHES		2	/* of a generation; one generation a recording */
#define NR		3	/* batches in the pool */

#define NOTHING		0
#define BATCH		1
#define END_OF_GEN	2
#define END		3

bool control;		/* exptrace.control is held */
bool recording;
byte next_gen = 1;

bool pool, closed, mapped;
byte nr_empty;

byte first;		/* number of the oldest generation, 0 if there is none */
byte first_session;	/* the recording that it belongs to */
byte nr_full;		/* its batches */
bool complete;
bool begun_read;	/* first->begun */
byte opening, begun, ended;
bool taken;		/* exptrace_flush.taken */
byte frozen;		/* this generation is held for a snapshot */

byte sure;		/* the last recording that began successfully */

/* The reader's file: f->lock, and what it protects. */
bool is_open, lock, snapping;
byte session, gen, next;
bool batch, ending;	/* in hand */
bool part;		/* the batch's first half was delivered */
bool seen;		/* the same, but the batch may be back on the list */
bool view, held;
byte viewed;		/* view.gen, or 0 */

#if defined(DISCARD_TAKEN)
#define REFUSED		frozen
#else
#define REFUSED		(taken || frozen)
#endif

#define ACQUIRE(mutex)	atomic { !mutex -> mutex = true }

/* exptrace_discard_all() */
inline discard_all() {
	nr_empty = nr_empty + nr_full;
	nr_full = 0;
	first = 0;
	complete = false;
	seen = false
}

/* exptrace_reader_put_back(): exptrace_thaw(), exptrace_putback() or exptrace_putback_end() */
inline put_back() {
	atomic {
		if
		:: view -> view = false; frozen = (held -> 0 : frozen); held = false; viewed = 0
		:: !view && batch -> assert(first == gen); nr_full++; taken = false
		:: !view && !batch && ending -> assert(first == gen); taken = false
		:: else
		fi;
		batch = false; ending = false; part = false
	}
}

/* exptrace_session_to_read() */
inline session_to_read() {
	session = begun;
	if
	:: begun == ended && (!first || first_session != session) -> session++
	:: else
	fi
}

/* drop_old_recording(), if not refused */
inline drop_old() {
	atomic {
		if
		:: ok && discard && REFUSED -> ok = false
		:: ok && discard && !(REFUSED) -> discard_all()
		:: else
		fi
	}
	atomic {
		if
		:: ok && (first || (pool && nr_empty < NR)) -> ok = false
		:: ok && !first && !(pool && nr_empty < NR) -> assert(!mapped); pool = false; nr_empty = 0
		:: else
		fi
	}
}

inline write_batch() {
	atomic { nr_empty--; nr_full++ }
}

/* end_recording() */
inline end_recording() {
	atomic { recording = false; ended = begun }
}

/* recording_stop() */
inline stop() {
	atomic { complete = true };
	end_recording()
}

/* begin_recording(): sets ok */
inline begin_recording() {
	atomic {
		if
		:: ok = false			/* -ENOMEM */
		:: pool = true; nr_empty = NR
		fi
	}
	if
	:: ok ->
		atomic {
			recording = true;
			opening = begun + 1;
#ifdef BEGIN_EARLY
			begun = opening
#endif
		}
		if
		:: ok = false; end_recording(); pool = false; nr_empty = 0
		:: atomic {			/* exptrace_generation_open() */
			assert(!first);
			first = next_gen;
			first_session = opening;
			begun_read = false;
			next_gen++
		   };
		   write_batch();
		   if
		   :: ok = false;		/* a probe cannot be attached */
		      stop();
		      atomic {
			assert(!taken && !frozen);	/* otherwise it stays */
			discard_all();
			assert(nr_empty == NR);
			pool = false;
			nr_empty = 0
		      }
		   :: write_batch();
		      atomic { begun = opening; sure = opening }
		   fi
		fi
	:: else
	fi
}

/*
 * start_for(), exptrace_prepare_start(), exptrace_finish_start(): sets ok; own: by the
 * reader's file
 */
inline start(own) {
	if
	:: discard = true
	:: discard = false
	fi;
	ACQUIRE(control);
#ifdef PUT_BACK_FIRST
	if
	:: own && discard -> put_back()
	:: else
	fi;
#endif
	atomic {
		if
		:: ok = false			/* -EINVAL */
		:: ok = (!recording && (discard || !first))
		fi
	};
#ifndef NO_FREEZE_CHECK
	/* nobody can take a snapshot here */
	atomic {
		if
		:: ok && frozen && !(own && held) -> ok = false
		:: else
		fi
	};
#endif
#ifdef LATE_CLOSE
	if
	:: ok && !mapped && own -> put_back()
	:: else
	fi;
#endif
	atomic {				/* exptrace_pool_close() */
		if
		:: ok && mapped -> ok = false
		:: ok && !mapped -> closed = true
		:: else
		fi
	};
	if
	:: ok && own -> put_back()
	:: else
	fi;
	drop_old();
	if
	:: ok -> begin_recording()
	:: else
	fi;
	closed = false;				/* exptrace_pool_reopen() */
	if
	:: ok && own ->				/* exptrace_reader_restart() */
		put_back();
		atomic { session_to_read(); seen = false }
	:: else
	fi;
	control = false
}

#ifdef NO_CLOSE
#define MAY_MAP		pool
#else
#define MAY_MAP		(pool && !closed)
#endif

/* exptrace_mmap(), map_close() */
proctype mapper() {
	byte maps = MAPS;

end:	do
	:: atomic { maps && MAY_MAP -> maps--; mapped = true };
		assert(pool);
		mapped = false
	od
}

/* Another file. */
proctype other() {
	byte starts = STARTS;
	bool ok, discard;

	do
	:: starts -> starts--; start(false)
	:: atomic { recording && !control -> control = true };
	   if
	   :: recording -> stop()
	   :: else
	   fi;
	   control = false
	:: !starts -> break
	od
}

/* exptrace_ioctl() with SNAPSHOT, by another thread of the reader's file */
proctype snapshot() {
	bool ok, once;

end:	do
	:: atomic { !once && is_open && !lock -> once = true; snapping = true; lock = true };
	   /* exptrace_reader_leave_view() */
	   if
	   :: view -> put_back()
	   :: else
	   fi;
	   ok = !batch && !ending;
	   lock = false;
	   if
	   :: ok ->
		ACQUIRE(control);
		atomic {			/* exptrace_freeze() */
			ok = !frozen && first && complete && !begun_read;
			if
			:: ok -> frozen = first
			:: else
			fi
		};
		control = false;
		if
		:: ok ->
			ACQUIRE(lock);		/* exptrace_reader_snapshot() */
			atomic {
				if
				:: batch || ending -> frozen = 0
				:: else ->	/* leave out what a read has begun meanwhile */
					view = true;
					held = true;
					viewed = (first == frozen && !begun_read -> first : 0)
				fi
			};
			lock = false
		:: else
		fi
	   :: else
	   fi;
	   snapping = false
	od
}

#ifdef ANY_SESSION
#define MINE	true
#else
#define MINE	(first_session == session)
#endif

/* next_of() */
inline next_of() {
	if
	:: session < begun -> next = END
	:: session > begun -> next = NOTHING
	:: session == begun && !(first && MINE) -> next = (session == ended -> END : NOTHING)
	:: session == begun && first && MINE && nr_full -> next = BATCH
	:: session == begun && first && MINE && !nr_full -> next = (complete -> END_OF_GEN : NOTHING)
	fi
}

/* exptrace_take() */
inline take() {
	atomic {
		next_of();
		gen = first;
		if
		:: next == BATCH -> nr_full--; batch = true
		:: next == END_OF_GEN -> ending = true
		:: else
		fi;
		if
		:: batch || ending ->
			assert(session == sure && first_session == session);
			taken = true;
			begun_read = true
		:: else
		fi;
		/* a waiting reader learns of the end only if the recording began */
		assert(next != END || session <= sure)
	}
}

/* deliver_next(), exptrace_reader_finish() */
inline read() {
	if
	:: view && held ->
		assert(frozen);
		assert(!viewed || (first == viewed && complete && nr_full == BATCHES));
		if
		:: atomic { frozen = 0; held = false; viewed = 0 }	/* its end */
		:: true
		fi
	:: view && !held
	:: !view ->
		if
		:: !batch && !ending -> take()
		:: else
		fi;
		if
		:: batch && !part ->
			atomic { assert(!seen); seen = true; part = true }
		:: batch && part ->		/* exptrace_give() */
			atomic { nr_empty++; taken = false; batch = false; part = false; seen = false }
		:: ending ->			/* exptrace_end_generation() */
			atomic { assert(first == gen); first = 0; complete = false; taken = false; ending = false }
		:: ending			/* TAKE */
		:: !batch && !ending
		fi
	fi
}

proctype reader() {
	byte opens = OPENS;
	bool ok, discard, started;

	do
	:: opens == 0 -> break
	:: opens > 0 ->
		opens--;
		atomic { session_to_read(); seen = false; is_open = true };
		do
		:: ACQUIRE(lock);
		   if
		   :: read()
		   :: !started ->
			started = true;
			start(true)
		   fi;
		   lock = false
		:: atomic { !snapping -> is_open = false }; break
		od;
		/* exptrace_release() */
		put_back();
		ACQUIRE(control);		/* exptrace_release_pool() */
		atomic {
			ok = !recording && !mapped;
			closed = ok;
			discard = false
		};
		drop_old();
		closed = false;
		control = false
	od
}

init { atomic { run other(); run mapper(); run snapshot(); run reader() } }
