interface InventoryField {
  group: string
  name: string
  value: string
}

/** Groups stay in the order in which the BMC told them; a name that several parts share gets a number. */
export function groupFields(
  fields: readonly InventoryField[],
): { group: string; facts: (readonly [string, string])[] }[] {
  const groups = new Map<string, InventoryField[]>()
  for (const field of fields) groups.set(field.group, [...(groups.get(field.group) ?? []), field])
  return [...groups].map(([group, members]) => ({ group, facts: number(members) }))
}

function number(fields: readonly InventoryField[]): (readonly [string, string])[] {
  const seen = new Map<string, number>()
  return fields.map(({ name, value }) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return [count === 1 ? name : `${name} ${count}`, value] as const
  })
}
