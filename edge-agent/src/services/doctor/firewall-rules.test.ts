import { expect, test } from 'vitest'
import { isDropped, parseIptablesSave, parseNftRuleset } from './firewall-rules.ts'

const dropped = (chains: ReturnType<typeof parseIptablesSave>) =>
  [67, 69, 4011]
    .filter((port) => isDropped(chains, { protocol: 'udp', port }))
    .concat([6870, 6872].filter((port) => isDropped(chains, { protocol: 'tcp', port })))

const save = (policy: string, ...rules: string[]) =>
  parseIptablesSave(
    ['*filter', `:INPUT ${policy} [0:0]`, ':FORWARD DROP [0:0]', ':ours - [0:0]', ...rules, 'COMMIT'].join(
      '\n',
    ),
  )

test('iptables: policy, exceptions, chains and what only fits replies', () => {
  expect(dropped(save('ACCEPT'))).toEqual([])
  expect(dropped(save('DROP'))).toEqual([67, 69, 4011, 6870, 6872])
  const replies = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
  const allowed = '-A INPUT -p udp -m multiport --dports 67:69,4011 -j ACCEPT'
  expect(dropped(save('DROP', replies, '-A INPUT -i lo -j ACCEPT', allowed))).toEqual([6870, 6872])
  expect(dropped(save('ACCEPT', '-A INPUT -p udp -m udp --dport 69 -j DROP'))).toEqual([69])
  expect(dropped(save('ACCEPT', '-A INPUT -p tcp -j ours', '-A ours -j REJECT --reject-with x'))).toEqual([
    6870, 6872,
  ])
  // From one network only: it may be the machines' own.
  expect(dropped(save('DROP', '-A INPUT -s 10.77.0.0/24 -j ACCEPT'))).toEqual([])
  expect(dropped(save('ACCEPT', '-A INPUT -s 10.88.0.0/24 -j DROP'))).toEqual([])
})

const nft = (policy: string, ...expressions: object[][]) =>
  parseNftRuleset(
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.9', json_schema_version: 1 } },
        { table: { family: 'inet', name: 'filter', handle: 1 } },
        {
          chain: {
            family: 'inet',
            table: 'filter',
            name: 'in',
            type: 'filter',
            hook: 'input',
            prio: 0,
            policy,
          },
        },
        { chain: { family: 'inet', table: 'filter', name: 'lan' } },
        ...expressions.map((expr) => ({ rule: { family: 'inet', table: 'filter', chain: 'in', expr } })),
        { rule: { family: 'inet', table: 'filter', chain: 'lan', expr: [{ accept: null }] } },
      ],
    }),
  )
const port = (protocol: string, right: unknown) => ({
  match: { op: '==', left: { payload: { protocol, field: 'dport' } }, right },
})

test('nft: policy, sets and ranges, jumps and what only fits replies', () => {
  expect(dropped(nft('accept'))).toEqual([])
  expect(dropped(nft('drop'))).toEqual([67, 69, 4011, 6870, 6872])
  const replies = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }
  const set = { set: [67, 69, { range: [4000, 4100] }] }
  expect(dropped(nft('drop', [replies, { accept: null }], [port('udp', set), { accept: null }]))).toEqual([
    6870, 6872,
  ])
  expect(dropped(nft('accept', [port('tcp', 6870), { counter: {} }, { drop: null }]))).toEqual([6870])
  const onLan = { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'eth1' } }
  expect(dropped(nft('drop', [onLan, { jump: { target: 'lan' } }]))).toEqual([])
  const onLoopback = { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'lo' } }
  expect(dropped(nft('drop', [onLoopback, { accept: null }]))).toHaveLength(5)
})

test('what is no ruleset is an error, not an open firewall', () => {
  expect(() => parseNftRuleset('Operation not permitted')).toThrow()
})
