/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flight mode, for the Spin checker: evictions and snapshots against a writer,
 * advance() and readers that come and go. A section under pool.lock is a step.
 * Every event takes a batch; either of two batches of a generation may be the
 * older one.
 *
 * Sizes, by -D: NGEN, EVENTS, NB.
 * Broken variants, by -D: EVICT_READ (a generation is evicted while it is read),
 * EVICT_FROZEN, EVICT_CLOSING, KEEP_EMPTY (any evicted generation counts as room).
 * See README.md.
 */
#ifndef NGEN
#define NGEN		4
#endif
#ifndef EVENTS
#define EVENTS		4
#endif
#ifndef NB
#define NB		6
#endif
#define RESERVE		2	/* an opening and a closing table */

typedef gen_t {			/* struct exptrace_generation */
	bool listed;
	byte tables;		/* full batches of tables on its list */
	byte evs;		/* full batches of events */
	byte reserved;
	bool closing;
	bool complete;
	bool begun;
	byte given;		/* events that readers are done with */
	byte ledger;		/* recorded, according to its ledger */
}
gen_t G[NGEN + 1];

byte nr_empty = NB, nr_reserved, nr_held;	/* held by the writer's slots or the reader */
byte published, opened, oldest = 1;
bool inside;				/* the writer, in generation in_gen */
byte in_gen;
bool slot[2];				/* the slot has a batch, with one event */
byte recorded[2], overwritten[2];
byte reading, frozen;
bool taken, ended;
byte events = EVENTS;

#define FULL(g)		(G[g].evs + G[g].tables)

#if defined(EVICT_READ)
#define MAY_EVICT(v)	(v > frozen)
#elif defined(EVICT_FROZEN)
#define MAY_EVICT(v)	(v != reading)
#else
#define MAY_EVICT(v)	(v != reading && v > frozen)
#endif
#ifdef EVICT_CLOSING
#define MAY_EVICT_FROM(v) true
#else
#define MAY_EVICT_FROM(v) (!G[v].closing)
#endif

/* oldest_to_evict(), evict_generation(); evict_batch_of_any(): sets made */
inline evict() {
	made = false;
	v = oldest;
	do
	:: v > opened -> break
	:: v <= opened && G[v].listed && G[v].complete && MAY_EVICT(v) ->
		nr_empty = nr_empty + FULL(v);
		G[v].evs = 0;
		G[v].tables = 0;
		G[v].listed = false;
		made = true;
		break
	:: else -> v++
	od;
	if
	:: !made ->
		v = oldest;
		do
		:: v > opened -> break
		:: v <= opened && G[v].listed && !G[v].complete && G[v].evs && MAY_EVICT_FROM(v) ->
			G[v].evs--;
			overwritten[v & 1]++;
			nr_empty++;
			made = true;
			break
		:: else -> v++
		od
	:: else
	fi;
	v = 0;
	skip_old()
}

/* list_first_entry() */
inline skip_old() {
	do
	:: oldest <= opened && !G[oldest].listed -> oldest++
	:: else -> break
	od
}

/* make_room_for_events(): sets made */
inline make_room() {
#ifdef KEEP_EMPTY
	if
	:: nr_empty > nr_reserved -> made = true
	:: else -> evict()
	fi
#else
	made = true;
	do
	:: nr_empty <= nr_reserved && made -> evict()
	:: else -> break
	od;
	made = nr_empty > nr_reserved
#endif
}

inline check() {
	assert(nr_empty >= nr_reserved)
}

/* Events, each with a refill that hands over the slot's batch. */
proctype writer() {
	byte v;
	bool made;

end:	do
	:: atomic { events && published -> events--; inside = true; in_gen = published };
	   atomic {
		if
		:: slot[in_gen & 1] ->
			assert(G[in_gen].listed && !G[in_gen].complete && !G[in_gen].closing);
			G[in_gen].evs++;
			nr_held--;
			slot[in_gen & 1] = false
		:: else
		fi;
		make_room();
		if
		:: made ->
			assert(nr_empty);
			nr_empty--;
			nr_held++;
			check();
			slot[in_gen & 1] = true;
			recorded[in_gen & 1]++
		:: else
		fi;
		made = false;
		inside = false;
		in_gen = 0
	   }
	od
}

inline table(g) {
	atomic {
		assert(G[g].reserved);
		G[g].reserved--;
		nr_reserved--;
		assert(nr_empty);	/* otherwise the table is missing */
		nr_empty--;
		G[g].tables++
	}
}

/* exptrace_generation_open() */
inline open_generation(g) {
	atomic {
		made = true;
		do
		:: nr_empty - nr_reserved < RESERVE && made -> evict()
		:: else -> break
		od;
		check();
		if
		:: made ->
			nr_reserved = nr_reserved + RESERVE;
			G[g].reserved = RESERVE;
			G[g].listed = true;
			opened = g
		:: else
		fi
	}
	if
	:: made -> table(g)
	:: else
	fi
}

inline close_generation(g) {
	!inside || in_gen != g;		/* the grace period */
	atomic {
		if
		:: slot[g & 1] -> slot[g & 1] = false; nr_held--; G[g].evs++
		:: else
		fi
	}
	G[g].closing = true;		/* exptrace_generation_closing() */
	atomic {			/* settle() */
		G[g].ledger = recorded[g & 1] - overwritten[g & 1];
		recorded[g & 1] = 0;
		overwritten[g & 1] = 0
	}
	table(g);
	atomic {
		assert(G[g].evs + G[g].given <= G[g].ledger);
		nr_reserved = nr_reserved - G[g].reserved;
		G[g].reserved = 0;
		G[g].complete = true
	}
}

proctype control() {
	byte v, now = 1;
	bool made;

	open_generation(1);
	published = 1;
	do
	:: now < NGEN ->
		open_generation(now + 1);
		if
		:: made ->
			published = now + 1;
			close_generation(now);
			now++
		:: else -> break
		fi
	:: break
	od;
	published = 0;
	close_generation(now);
	ended = true
}

/* Files open for reading, one after the other. */
proctype reader() {
	byte g, v, opens = 2;
	bool event;

	do
	:: atomic {	/* exptrace_take(): a table or an event of the oldest generation */
		oldest <= opened && FULL(oldest) -> g = oldest;
		if
		:: G[g].evs -> G[g].evs--; event = true
		:: G[g].tables -> G[g].tables--; event = false
		fi;
		nr_held++;
		G[g].begun = true; reading = g; taken = true
	   };
	   atomic {
		assert(oldest == g && G[g].listed);
		if
		:: nr_held--; nr_empty++; taken = false; g = 0;		/* exptrace_give() */
		   if
		   :: event -> G[oldest].given++
		   :: else
		   fi
		:: opens ->		/* exptrace_putback(), exptrace_reader_leaves() */
			nr_held--; taken = false;
			if
			:: event -> G[g].evs++
			:: else -> G[g].tables++
			fi;
			reading = 0; opens--; g = 0
		fi;
		event = false
	   }
	:: atomic { oldest <= opened && !FULL(oldest) && G[oldest].complete ->
		g = oldest; G[g].begun = true; reading = g; taken = true
	   };
	   atomic {		/* exptrace_end_generation(), exptrace_putback_end() */
		assert(oldest == g && G[g].listed);
		assert(G[g].given == G[g].ledger);
		taken = false;
		if
		:: G[g].listed = false; reading = 0; skip_old()
		:: true
		fi;
		g = 0
	   }
	:: atomic { opens && reading && !taken -> opens--; reading = 0 }	/* closes */
	:: atomic {		/* exptrace_freeze(), exptrace_view_begin() */
		opens -> opens--;
		v = opened;
		do
		:: v >= oldest && !(G[v].listed && G[v].complete && !G[v].begun) -> v--
		:: else -> break
		od;
		if
		:: v >= oldest -> frozen = v; g = oldest
		:: else -> g = 0
		fi;
		v = 0
	   };
	   do			/* exptrace_view_next() */
	   :: atomic { g && g <= frozen && G[g].listed && G[g].complete && !G[g].begun ->
		v = g
	      };
	      /* other processes run here */
	      atomic {
		assert(G[v].listed && G[v].evs == G[v].ledger && G[v].tables == 2);
		v = 0; g++
	      }
	   :: atomic { g && g <= frozen && !(G[g].listed && G[g].complete && !G[g].begun) -> g++ }
	   :: else -> break
	   od;
	   atomic { frozen = 0; g = 0 }	/* exptrace_thaw() */
	:: ended && oldest > opened -> break
	od;
	assert(nr_empty + nr_held == NB && nr_reserved == 0 && nr_held == 0)
}

init { atomic { run writer(); run control(); run reader() } }
