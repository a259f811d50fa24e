import { bmcs } from '@dragonfly/schema/db'
import { and, eq, isNull, ne } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { getMachine } from '../machines/service.ts'

/** One BMC has one machine. @throws a conflict that names the machine which has it, unless that is `except`. */
export async function refuseTakenAddress(
  deps: Deps,
  siteId: string,
  { address, port }: { address: string; port: number | null },
  except: string | null,
): Promise<void> {
  const [taken] = await deps.db
    .select({ machineId: bmcs.machineId })
    .from(bmcs)
    .where(
      and(
        eq(bmcs.siteId, siteId),
        eq(bmcs.address, address),
        port === null ? isNull(bmcs.port) : eq(bmcs.port, port),
        except ? ne(bmcs.machineId, except) : undefined,
      ),
    )
  if (!taken) return
  const { name } = await getMachine(deps, taken.machineId)
  throw conflict('bmc-taken', `${address} is the BMC of ${name} already.`)
}
