/**
 * For the processes of an edge, which V8 and malloc take for servers with the memory of the machine to themselves. What lives
 * for one packet or answer is then collected often, and in a millisecond, instead of seldom and from a heap that has grown.
 */
// Each of the C library's arenas keeps what it once had: two are enough.
export const smallHeapEnv = { MALLOC_ARENA_MAX: '2' }

const semiSpace = '--max-semi-space-size='

/** Node's own flags for another start of a program, with a space for new objects of at most so many MiB. */
export function withSmallHeap(execArgv: readonly string[], semiSpaceMib: number): string[] {
  return [...execArgv.filter((flag) => !flag.startsWith(semiSpace)), `${semiSpace}${semiSpaceMib}`]
}
