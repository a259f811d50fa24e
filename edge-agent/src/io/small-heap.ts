/**
 * For the processes of an edge, which V8 and malloc take for servers with the memory of the machine to themselves. What lives
 * for one packet or answer is then collected often, and in a millisecond, instead of seldom and from a heap that has grown.
 */
// Each of the C library's arenas keeps what it once had: two are enough. With a fixed threshold it gives large buffers back
// as soon as they are free; left alone it keeps those of the sizes that it has seen.
export const smallHeapEnv = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: String(128 * 1024) }

const semiSpace = '--max-semi-space-size='

/** Node's own flags for another start of a program, with a space for new objects of at most so many MiB. */
export function withSmallHeap(execArgv: readonly string[], semiSpaceMib: number): string[] {
  return [...execArgv.filter((flag) => !flag.startsWith(semiSpace)), `${semiSpace}${semiSpaceMib}`]
}
