import { formatBytes } from '@dragonfly/schema/state'
import type { ReactNode } from 'react'
import type { Disk, Inventory, MachineDetail } from '../../api/views.ts'
import { Facts, Mono } from '../../components/facts.tsx'
import { Empty, Section } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { countOf } from '../../format/words.ts'
import { BmcInventory } from '../bmc/bmc-inventory.tsx'
import { formatMemory } from '../machines/machine-columns.tsx'

export function HardwareTab({ machine }: { machine: MachineDetail }) {
  const { inventory } = machine
  if (!inventory)
    return (
      <>
        <Empty title="Its hardware was never seen.">
          Dragonfly takes stock when the machine boots into the ramdisk: on discovery, and at the start of
          every deployment. Restart it with network boot first.
        </Empty>
        <div className="mt-8">
          <BmcInventory machine={machine} />
        </div>
      </>
    )
  return (
    <>
      <Machine inventory={inventory} seenAtMs={machine.inventoryAt} />
      <Disks disks={inventory.disks} />
      <Nics nics={inventory.nics} />
      <Memory memory={inventory.memory} />
      {inventory.gpus.length > 0 && (
        <Section title="GPUs">
          <Rows
            head={['Device', 'Vendor', 'Slot']}
            rows={inventory.gpus.map((gpu) => [
              gpu.device,
              gpu.vendor,
              <Mono key="slot">{gpu.pciSlot}</Mono>,
            ])}
          />
        </Section>
      )}
      <BmcInventory machine={machine} />
    </>
  )
}

function Machine({ inventory, seenAtMs }: { inventory: Inventory; seenAtMs: number | null }) {
  const { smbios, cpu, bmc, tpm } = inventory
  return (
    <Section
      title={[smbios.manufacturer, smbios.product].filter(Boolean).join(' ') || 'Machine'}
      aside={
        <>
          seen <Ago atMs={seenAtMs} />
        </>
      }
    >
      <Facts
        facts={[
          ['Processor', cpu.model],
          [
            'Cores',
            `${cpu.sockets > 1 ? `${cpu.sockets} sockets, ` : ''}${cpu.cores} cores, ${cpu.threads} threads, ${cpu.architecture}`,
          ],
          ['Memory', formatMemory(inventory.memory.totalBytes)],
          [
            'Firmware',
            `${inventory.firmware === 'uefi' ? 'UEFI' : 'BIOS'}${inventory.secureBoot === null ? '' : inventory.secureBoot ? ', Secure Boot on' : ', Secure Boot off'}`,
          ],
          [
            'Firmware version',
            [smbios.biosVendor, smbios.biosVersion, smbios.biosDate].filter(Boolean).join(', '),
          ],
          ['TPM', tpm ? tpm.version : 'none'],
          [
            'BMC',
            bmc ? <Mono key="bmc">{[bmc.address, bmc.mac].filter(Boolean).join(' ')}</Mono> : 'none seen',
          ],
          ['BMC firmware', bmc?.firmware],
          ['Serial number', smbios.serial && <Mono key="serial">{smbios.serial}</Mono>],
          ['Board serial', smbios.boardSerial && <Mono key="board">{smbios.boardSerial}</Mono>],
          ['Asset tag', smbios.assetTag],
          ['SMBIOS UUID', smbios.uuid && <Mono key="uuid">{smbios.uuid}</Mono>],
          ['Kind', inventory.virtualMachine ? 'Virtual machine' : 'Metal'],
        ]}
      />
    </Section>
  )
}

function Disks({ disks }: { disks: readonly Disk[] }) {
  return (
    <Section title="Disks" aside={countOf(disks.length, 'disk')}>
      <Rows
        head={['Disk', 'Size', 'Model', 'Health', 'Found on it']}
        rows={disks.map((disk) => [
          <div key="disk">
            <Mono>{disk.name}</Mono>
            <div className="text-[0.85rem] text-ink-faint">
              <Mono>{disk.serial ?? 'no serial number'}</Mono>
            </div>
          </div>,
          <span key="size" className="num">
            {formatBytes(disk.sizeBytes)}
          </span>,
          <div key="model">
            {disk.model ?? 'unknown'}
            <div className="text-[0.85rem] text-ink-faint">
              {[
                disk.transport === 'unknown' ? null : disk.transport.toUpperCase(),
                disk.rotational ? 'spinning' : 'solid state',
                disk.removable ? 'removable' : null,
              ]
                .filter(Boolean)
                .join(', ')}
            </div>
          </div>,
          <Health key="health" disk={disk} />,
          disk.os ??
            (disk.signature ? (
              <span key="signature" className="text-ink-soft">
                {disk.signature}
              </span>
            ) : (
              <span key="blank" className="text-ink-faint">
                blank
              </span>
            )),
        ])}
      />
    </Section>
  )
}

/** Wear as a hairline gauge: the longer, the nearer to its end. */
function Health({ disk }: { disk: Disk }) {
  const worn = disk.wearPercent
  const wearsOut = worn !== null && worn >= 80
  const verdict =
    disk.healthy === false ? 'failing' : wearsOut ? 'wearing out' : disk.healthy ? 'healthy' : 'unknown'
  const tone = disk.healthy === false ? 'text-failed' : wearsOut ? 'text-wanted' : ''
  return (
    <div className={tone}>
      {verdict}
      {worn !== null && (
        <div className="flex items-center gap-2 text-[0.85rem] text-ink-faint">
          <span className="h-[3px] w-16 rounded-full bg-line" aria-hidden="true">
            <span
              className={`block h-full rounded-full ${wearsOut ? 'bg-wanted' : 'bg-control'}`}
              style={{ width: `${Math.min(100, worn)}%` }}
            />
          </span>
          <span className="num">{worn} % worn</span>
        </div>
      )}
    </div>
  )
}

function Nics({ nics }: { nics: Inventory['nics'] }) {
  return (
    <Section title="Network" aside={countOf(nics.length, 'port')}>
      <Rows
        head={['Port', 'Link', 'Address', 'Cabled to', 'Driver']}
        rows={nics.map((nic) => [
          <div key="port">
            <Mono>{nic.name}</Mono>
            {nic.boot && <span className="ml-2 text-[0.85rem] text-ink-soft">boots here</span>}
            <div className="text-[0.85rem] text-ink-faint">
              <Mono>{nic.mac}</Mono>
            </div>
          </div>,
          nic.link ? (
            <span key="link" className="num">
              {nic.speedMbps ? formatSpeed(nic.speedMbps) : 'up'}
            </span>
          ) : (
            <span key="link" className="text-ink-faint">
              no link
            </span>
          ),
          nic.address ? <Mono key="address">{nic.address}</Mono> : '',
          nic.lldp ? (
            <div key="lldp">
              {nic.lldp.chassis}
              <div className="text-[0.85rem] text-ink-faint">
                <Mono>{nic.lldp.port}</Mono>
                {nic.lldp.portDescription && ` ${nic.lldp.portDescription}`}
                {nic.lldp.vlan !== null && ` · VLAN ${nic.lldp.vlan}`}
              </div>
            </div>
          ) : (
            <span key="lldp" className="text-ink-faint">
              not heard
            </span>
          ),
          <span key="driver" className="text-ink-soft">
            {[nic.driver, nic.pciSlot].filter(Boolean).join(' ')}
          </span>,
        ])}
      />
    </Section>
  )
}

function formatSpeed(mbps: number): string {
  return mbps >= 1000 ? `${mbps / 1000} Gbit/s` : `${mbps} Mbit/s`
}

function Memory({ memory }: { memory: Inventory['memory'] }) {
  if (memory.dimms.length === 0) return null
  return (
    <Section
      title="Memory"
      aside={`${formatMemory(memory.totalBytes)} in ${countOf(memory.dimms.length, 'module')}`}
    >
      <Rows
        head={['Slot', 'Size', 'Type', 'Part', 'Serial']}
        rows={memory.dimms.map((dimm) => [
          <Mono key="slot">{dimm.slot}</Mono>,
          <span key="size" className="num">
            {formatMemory(dimm.sizeBytes)}
          </span>,
          [dimm.type, dimm.speedMtps && `${dimm.speedMtps} MT/s`].filter(Boolean).join(', '),
          [dimm.manufacturer, dimm.partNumber].filter(Boolean).join(' '),
          dimm.serial ? <Mono key="serial">{dimm.serial}</Mono> : '',
        ])}
      />
    </Section>
  )
}

function Rows({ head, rows }: { head: readonly string[]; rows: readonly ReactNode[][] }) {
  return (
    <div className="-mx-4 overflow-x-auto px-4 sm:mx-0 sm:px-0">
      <table className="w-full min-w-[44rem] text-left">
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} className="label pr-6 pb-1 font-normal">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an inventory is shown as it was seen, in its order
            <tr key={row} className="border-t border-line align-top first:border-t-0">
              {cells.map((cell, index) => (
                <td key={head[index]} className="py-2.5 pr-6">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
