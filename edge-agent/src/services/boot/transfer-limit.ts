/** How many transfers run at a time: of one client, so that no one takes all, and in all. */
export interface TransferLimit {
  /** Gives what ends the claim, to be called once; undefined where there is no room. */
  claim: (client: string) => (() => void) | undefined
  running: () => number
}

export function createTransferLimit(most: { ofOneClient: number; inAll: number }): TransferLimit {
  const byClient = new Map<string, number>()
  let all = 0
  const add = (client: string, change: 1 | -1): void => {
    all += change
    const count = (byClient.get(client) ?? 0) + change
    if (count === 0) byClient.delete(client)
    else byClient.set(client, count)
  }
  return {
    running: () => all,
    claim: (client) => {
      if (all >= most.inAll || (byClient.get(client) ?? 0) >= most.ofOneClient) return undefined
      add(client, 1)
      return () => add(client, -1)
    },
  }
}
