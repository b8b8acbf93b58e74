/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for the trigger, for the Spin checker: threads that wait, are interrupted
 * and wait again, against threads that fire it, the work that makes the snapshot,
 * and STOP, after which nothing fires. A section under exptrace.control
 * is a step.
 *
 * Broken variants, by -D: NO_DONE (the next may arm before the last has seen its
 * result), NO_CANCEL (STOP leaves the waiter), LEAVE_RESULT (an interrupted
 * thread does not look for a result), OLD_FIRE (the work does not check whether it
 * was fired since a thread waits), ARM_STOPPED (a thread may arm after STOP). See README.md.
 */
#define THREADS		2
#define WAITS		2
#define FIRES		2
#define INTERRUPTS	1

#define NONE		0
#define HELD		1	/* 0: a snapshot is held */
#define CANCELED	2

bool armed, done;
byte result;
byte frozen;		/* the thread whose snapshot is held, or 0 */
byte waiter;		/* the thread that has armed and not returned */
byte fires = FIRES, interrupts = INTERRUPTS;
bool fired;		/* since it was armed */
bool recording = true;
chan work = [1] of { bit };	/* fire_work and snapshot_work: queued, or not */

/* trigger_finish() */
inline finish(with) {
	assert(waiter);
	result = with;
	armed = false;
	done = true
}

/* exptrace_trigger_fire(): checks, then queues */
proctype fire() {
end:	do
	:: atomic { fires && recording -> fires--; fired = true };
	   if
	   :: armed ->
		if
		:: work ! 1
		:: full(work)	/* it is queued */
		fi
	   :: !armed
	   fi
	od
}

#ifdef OLD_FIRE
#define MINE	true
#else
#define MINE	fired		/* exptrace_triggers() != before */
#endif

/* make_snapshot() */
active proctype worker() {
end:	do
	:: work ? _;
	   atomic {
		if
		:: armed && MINE && !frozen ->
			assert(fired);
			frozen = waiter;
			finish(HELD)
		:: armed && MINE && frozen -> finish(CANCELED)	/* also stands for -EBUSY */
		:: else
		fi
	   }
	od
}

/* exptrace_stop() */
active proctype stop() {
	atomic {
		recording = false;
#ifndef NO_CANCEL
		if
		:: armed -> finish(CANCELED)
		:: else
		fi
#endif
	}
}

#ifdef NO_DONE
#define DONE	false
#else
#define DONE	done
#endif
#ifdef ARM_STOPPED
#define MAY_ARM	true
#else
#define MAY_ARM	recording
#endif

/* do_snapshot(), trigger_arm(), exptrace_trigger_wait() */
proctype thread(byte me) {
	byte waits = WAITS;
	byte got;

	do
	:: !waits -> break
	:: waits ->
		waits--;
		atomic {
			if
			:: !armed && !DONE && MAY_ARM -> armed = true; waiter = me; fired = false
			:: else -> goto next	/* -EBUSY */
			fi
		};
		got = NONE;
		if
		:: done
		:: atomic { interrupts -> interrupts-- };
#ifdef LEAVE_RESULT
		   atomic { armed = false; waiter = 0; goto next }
#endif
		fi;
		atomic {
			assert(waiter == me);
			armed = false;
			if
			:: done -> got = result; done = false
			:: else
			fi;
			waiter = 0
		};
		if
		:: got == HELD ->
			assert(frozen == me);
			frozen = 0		/* it reads the snapshot to its end */
		:: else
		fi
next:		skip
	od
}

/* At the end nobody waits, and no result and no snapshot is left. */
active proctype rest() {
	timeout -> assert(!waiter && !armed && !done && !frozen)
}

init { atomic { run fire(); run thread(1); run thread(2) } }
