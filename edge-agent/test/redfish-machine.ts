import { findMachine } from '../src/services/redfish/index.ts'
import { type Quirk, readTree, startRedfish, type Tree } from './redfish-server.ts'

export const system = '/redfish/v1/Systems/System.Embedded.1'
export const pxeOnce = { device: 'pxe', persistent: false, uefi: true } as const

/** A small Dell, unless it is changed. */
export function small(change: (tree: Tree) => void = () => undefined): Tree {
  const tree = readTree('dell-idrac9')
  change(tree)
  return tree
}

export async function startMachine(quirk?: Quirk, tree: Tree = small()) {
  const bmc = await startRedfish(tree, quirk)
  const session = await bmc.open({ retryMs: 1, tries: 3 })
  const machine = await findMachine(session)
  return {
    ...bmc,
    session,
    machine,
    tree,
    async [Symbol.asyncDispose]() {
      await session.close()
      await bmc[Symbol.asyncDispose]()
    },
  }
}

/** Answers so many times, then leaves it to the tree. */
export function times(count: number, quirk: Quirk): Quirk {
  let left = count
  return (asked) => {
    const answer = left > 0 ? quirk(asked) : undefined
    if (answer) left--
    return answer
  }
}
