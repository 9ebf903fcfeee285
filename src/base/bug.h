/* bug() is for "we are wrong": an invariant of our own that does not hold. It is not for bad input or a bad world. */
#ifndef SLUSS_BASE_BUG_H
#define SLUSS_BASE_BUG_H

/* Calls the handler that main installed (a backtrace, exit 70); without one it aborts. On in release builds. */
_Noreturn void bug(const char *file, int line, const char *what);

/* `handler` must not return. Called once, before threads. */
void bug_handler(void (*handler)(const char *file, int line, const char *what));

/* Asserts an invariant, in every build: ENSURE(one_in_flight, "a second commit was started (I6)"). */
#define ENSURE(condition, what) ((condition) ? (void)0 : bug(__FILE__, __LINE__, (what)))

#endif
