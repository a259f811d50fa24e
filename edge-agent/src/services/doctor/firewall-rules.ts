import { z } from 'zod'
import type { EdgeSocket } from './edge-sockets.ts'

/** What a rule does to a packet that it fits. Null: counts, logs, and goes on. */
type Verdict = 'accept' | 'drop' | 'return' | { jump: string } | null

interface FirewallRule {
  protocol: 'tcp' | 'udp' | null
  ports: [number, number][] | null
  /** `maybe`: fits some packets to the port, by what is not looked at here. `never`: not one that opens something. */
  fits: 'always' | 'maybe' | 'never'
  verdict: Verdict
}

export interface FirewallChain {
  name: string
  /** Every packet to this host passes it. */
  isInput: boolean
  policy: 'accept' | 'drop'
  rules: FirewallRule[]
}

/** Whether a packet from the LAN to this port is surely dropped. What depends on more counts as let through. */
export function isDropped(
  chains: readonly FirewallChain[],
  socket: Pick<EdgeSocket, 'protocol' | 'port'>,
): boolean {
  const byName = new Map(chains.map((chain) => [chain.name, chain]))
  const walk = (chain: FirewallChain, depth: number): 'accept' | 'drop' | null => {
    for (const rule of chain.rules) {
      if (!fitsPort(rule, socket)) continue
      const { verdict } = rule
      if (verdict === 'return') return null
      const target =
        typeof verdict === 'object' && verdict && depth < 16 ? byName.get(verdict.jump) : undefined
      const outcome = target ? walk(target, depth + 1) : verdict
      if (outcome === 'accept') return 'accept'
      if (outcome === 'drop' && rule.fits === 'always') return 'drop'
    }
    return null
  }
  return chains.filter(({ isInput }) => isInput).some((chain) => (walk(chain, 0) ?? chain.policy) === 'drop')
}

function fitsPort(rule: FirewallRule, { protocol, port }: Pick<EdgeSocket, 'protocol' | 'port'>): boolean {
  if (rule.fits === 'never') return false
  if (rule.protocol !== null && rule.protocol !== protocol) return false
  return rule.ports === null || rule.ports.some(([from, to]) => port >= from && port <= to)
}

/** Reads what `iptables-save` prints. */
export function parseIptablesSave(text: string): FirewallChain[] {
  const chains = new Map<string, FirewallChain>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    const head = /^:(\S+) (\S+)/.exec(line)
    if (head?.[1]) {
      const isInput = head[1] === 'INPUT' && table === 'filter'
      chains.set(`${table} ${head[1]}`, {
        name: `${table} ${head[1]}`,
        isInput,
        policy: head[2] === 'DROP' ? 'drop' : 'accept',
        rules: [],
      })
    }
    const rule = /^-A (\S+) (.*)$/.exec(line)
    if (rule?.[1]) chains.get(`${table} ${rule[1]}`)?.rules.push(parseIptablesRule(rule[2] ?? '', table))
  }
  return [...chains.values()]
}

function parseIptablesRule(text: string, table: string): FirewallRule {
  const words = text.split(/\s+/)
  const after = (...names: string[]): string | undefined =>
    words[words.findIndex((word) => names.includes(word)) + 1 || words.length]
  const protocol = after('-p')
  const known = protocol === undefined || protocol === 'tcp' || protocol === 'udp'
  const ports = after('--dport', '--dports')
  const states = after('--ctstate', '--state')
  const isOnlyReplies = states !== undefined && !states.split(',').includes('NEW')
  const looksAtMore = words.some((word) =>
    ['-s', '-d', '-i', '!', '--sport', '--src-type', '--limit'].includes(word),
  )
  const target = after('-j', '-g') ?? ''
  const isIrrelevant = !known || isOnlyReplies || after('-i') === 'lo'
  return {
    protocol: protocol === 'tcp' || protocol === 'udp' ? protocol : null,
    ports: ports ? ports.split(',').map((range) => readRange(range)) : null,
    fits: isIrrelevant
      ? 'never'
      : looksAtMore || (states !== undefined && !isOnlyReplies)
        ? 'maybe'
        : 'always',
    verdict: readTarget(target, table),
  }
}

function readRange(text: string): [number, number] {
  const [from = 0, to = from] = text.split(/[:-]/).map(Number)
  return [from, to]
}

function readTarget(target: string, table: string): Verdict {
  if (target === 'ACCEPT') return 'accept'
  if (target === 'DROP' || target === 'REJECT') return 'drop'
  if (target === 'RETURN') return 'return'
  return ['', 'LOG', 'NFLOG', 'MARK', 'CONNMARK', 'CT', 'TRACE'].includes(target)
    ? null
    : { jump: `${table} ${target}` }
}

const nftSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) })
const nftChainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
})
const nftRuleSchema = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())),
})

/** Reads what `nft -j list ruleset` prints. @throws where it is no such text */
export function parseNftRuleset(text: string): FirewallChain[] {
  const chains = new Map<string, FirewallChain>()
  for (const entry of nftSchema.parse(JSON.parse(text)).nftables) {
    const chain = nftChainSchema.safeParse(entry.chain).data
    if (chain && isIpv4(chain.family)) {
      const name = `${chain.family} ${chain.table} ${chain.name}`
      const policy = chain.policy === 'drop' ? 'drop' : 'accept'
      chains.set(name, { name, isInput: chain.hook === 'input', policy, rules: [] })
    }
    const rule = nftRuleSchema.safeParse(entry.rule).data
    if (rule) {
      const table = `${rule.family} ${rule.table}`
      chains.get(`${table} ${rule.chain}`)?.rules.push(readNftRule(rule.expr, table))
    }
  }
  return [...chains.values()]
}

const isIpv4 = (family: string): boolean => family === 'ip' || family === 'inet'

function readNftRule(expressions: Record<string, unknown>[], table: string): FirewallRule {
  const rule: FirewallRule = { protocol: null, ports: null, fits: 'always', verdict: null }
  const narrow = (fits: 'maybe' | 'never'): void => {
    if (rule.fits !== 'never') rule.fits = fits
  }
  for (const expression of expressions) {
    if ('match' in expression) readNftMatch(expression.match, rule, narrow)
    else if ('accept' in expression) rule.verdict = 'accept'
    else if ('drop' in expression || 'reject' in expression) rule.verdict = 'drop'
    else if ('return' in expression) rule.verdict = 'return'
    else if ('jump' in expression || 'goto' in expression) {
      const target = nftJumpSchema.safeParse(expression.jump ?? expression.goto).data
      if (target) rule.verdict = { jump: `${table} ${target.target}` }
    } else if (!('counter' in expression || 'log' in expression)) narrow('maybe')
  }
  return rule
}

const nftJumpSchema = z.object({ target: z.string() })
const nftMatchSchema = z.object({
  op: z.string(),
  left: z.record(z.string(), z.unknown()),
  right: z.unknown(),
})
const nftPayloadSchema = z.object({ protocol: z.string(), field: z.string() })
const nftKeySchema = z.object({ key: z.string() })

function readNftMatch(value: unknown, rule: FirewallRule, narrow: (fits: 'maybe' | 'never') => void): void {
  const match = nftMatchSchema.safeParse(value).data
  if (!match) {
    narrow('maybe')
    return
  }
  const { left, right } = match
  const isPlain = match.op === '==' || match.op === 'in'
  const payload = nftPayloadSchema.safeParse(left.payload).data
  const meta = nftKeySchema.safeParse(left.meta).data?.key
  const conntrack = nftKeySchema.safeParse(left.ct).data?.key
  if (payload?.field === 'dport' && isPlain) {
    if (payload.protocol === 'tcp' || payload.protocol === 'udp') rule.protocol = payload.protocol
    rule.ports = readNftPorts(right)
  } else if ((meta === 'l4proto' || payload?.field === 'protocol') && isPlain) {
    if (right === 'tcp' || right === 'udp') rule.protocol = right
    else narrow(typeof right === 'string' ? 'never' : 'maybe')
  } else if ((meta === 'iifname' || meta === 'iif') && isPlain && right === 'lo') narrow('never')
  else if (conntrack === 'state' && isPlain) narrow(JSON.stringify(right).includes('new') ? 'maybe' : 'never')
  else narrow('maybe')
}

const nftRangeSchema = z.object({ range: z.tuple([z.number(), z.number()]) })

function readNftPorts(right: unknown): [number, number][] {
  const set = z.object({ set: z.array(z.unknown()) }).safeParse(right).data?.set ?? [right]
  return set.flatMap((entry): [number, number][] => {
    if (typeof entry === 'number') return [[entry, entry]]
    const range = nftRangeSchema.safeParse(entry).data?.range
    return range ? [range] : []
  })
}
