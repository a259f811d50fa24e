import { randomBytes } from 'node:crypto'
import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../src/command.ts'

const mib = 1024 * 1024
export const foreignDiskBytes = 256 * mib
/** What the disk's boot sector says on the serial port, before it stops the machine. */
export const foreignBootMessage = 'FOREIGN DISK BOOTED'
const partitions = [
  { startMib: 1, sizeMib: 160, type: 'linux' },
  { startMib: 161, sizeMib: 32, type: 'raid' },
  { startMib: 193, sizeMib: 32, type: 'lvm' },
] as const

/**
 * A disk as somebody else's machine has it: a boot sector that says so, a Debian root that was not unmounted (its
 * journal holds a transaction that any ordinary mount would replay), half of a RAID 1 mirror, and an LVM volume.
 */
export async function createForeignDisk(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true })
  const disk = join(dir, 'foreign.raw')
  await writeFile(disk, '')
  await truncate(disk, foreignDiskBytes)
  const table = partitions.map(
    (part) => `start=${part.startMib}MiB, size=${part.sizeMib}MiB, type=${part.type}`,
  )
  await runCommand(['sfdisk', '-q', disk], { input: `label: gpt\n${table.join('\n')}\n` })
  const [root, raid, lvm] = partitions
  const filesystem = await createDirtyRoot(dir, root.sizeMib)
  await runCommand([
    ...[
      'dd',
      `if=${filesystem}`,
      `of=${disk}`,
      'bs=1M',
      `seek=${root.startMib}`,
      'conv=notrunc',
      'status=none',
    ],
  ])
  const file = await open(disk, 'r+')
  try {
    await file.write(renderBootSector(foreignBootMessage), 0, undefined, 0)
    await file.write(renderRaidSuperblock(raid.sizeMib * mib), 0, undefined, raid.startMib * mib + 4096)
    await file.write(renderLvmLabel(lvm.sizeMib * mib), 0, undefined, lvm.startMib * mib + 512)
  } finally {
    await file.close()
  }
  return disk
}

/** An ext4 with an os-release, whose journal was written to and never replayed. */
async function createDirtyRoot(dir: string, sizeMib: number): Promise<string> {
  const tree = join(dir, 'root')
  await mkdir(join(tree, 'etc'), { recursive: true })
  await writeFile(
    join(tree, 'etc', 'os-release'),
    'ID=debian\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
  )
  const filesystem = join(dir, 'root.ext4')
  await runCommand(['mkfs.ext4', '-q', '-F', '-d', tree, filesystem, `${sizeMib}M`])
  const block = join(dir, 'block')
  await writeFile(block, randomBytes(4096))
  const free = (await runCommand(['debugfs', '-R', 'ffb 1', filesystem])).match(/: (\d+)/)?.[1]
  if (free === undefined) throw new Error('the new file system has no free block')
  const script = ['journal_open', `journal_write -b ${free} ${block}`, 'journal_close', 'quit']
  await writeFile(join(dir, 'journal'), `${script.join('\n')}\n`)
  await runCommand(['debugfs', '-w', '-f', join(dir, 'journal'), filesystem])
  const features = await runCommand(['dumpe2fs', '-h', filesystem])
  if (!features.includes('needs_recovery')) throw new Error(`the file system is clean:\n${features}`)
  return filesystem
}

/** 16-bit code that writes a text to the first serial port and halts; 440 bytes, before the partition table. */
function renderBootSector(text: string): Buffer {
  const code = Buffer.from(
    '31c08ed8fcbe227c' + // data segment 0, SI = text
      'ac84c07412' + // next byte; 0 ends it
      '88c3bafd03eca82074fb' + // wait until COM1 can send
      '88d8baf803eeebe9' + // send it, go on
      'f4ebfd', // halt
    'hex',
  )
  const sector = Buffer.alloc(440)
  code.copy(sector)
  sector.write(`\r\n${text}\r\n\0`, code.length, 'latin1')
  return sector
}

/** One of two members of a RAID 1 array, by md's version 1.2 superblock (linux/raid/md_p.h). */
function renderRaidSuperblock(partitionBytes: number): Buffer {
  const members = 2
  const headerBytes = 256
  const dataSectors = BigInt(partitionBytes / 512 - 2048)
  const block = Buffer.alloc(headerBytes + members * 2)
  block.writeUInt32LE(0xa92b4efc, 0)
  block.writeUInt32LE(1, 4)
  randomBytes(16).copy(block, 16)
  block.write('other:0', 32, 'latin1')
  block.writeUInt32LE(1, 72)
  block.writeBigUInt64LE(dataSectors, 80)
  block.writeUInt32LE(members, 92)
  block.writeBigUInt64LE(2048n, 128)
  block.writeBigUInt64LE(dataSectors, 136)
  block.writeBigUInt64LE(8n, 144)
  randomBytes(16).copy(block, 168)
  block.writeBigUInt64LE(17n, 200)
  block.writeUInt32LE(members, 220)
  for (let role = 0; role < members; role++) block.writeUInt16LE(role, headerBytes + role * 2)
  let sum = 0n
  for (let offset = 0; offset < block.length; offset += 4) sum += BigInt(block.readUInt32LE(offset))
  block.writeUInt32LE(Number(((sum & 0xffffffffn) + (sum >> 32n)) & 0xffffffffn), 216)
  return block
}

/** The label of an LVM physical volume (sector 1 of it), without metadata areas. */
function renderLvmLabel(partitionBytes: number): Buffer {
  const sector = Buffer.alloc(512)
  sector.write('LABELONE', 0, 'latin1')
  sector.writeBigUInt64LE(1n, 8)
  sector.writeUInt32LE(32, 20)
  sector.write('LVM2 001', 24, 'latin1')
  sector.write(randomBytes(16).toString('hex'), 32, 'latin1')
  sector.writeBigUInt64LE(BigInt(partitionBytes), 64)
  sector.writeUInt32LE(lvmChecksum(sector.subarray(20)), 16)
  return sector
}

/** LVM's CRC-32: the usual polynomial with its own start value, not inverted at the end (lib/misc/crc.c). */
function lvmChecksum(bytes: Buffer): number {
  let crc = 0xf597a6cf
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return crc >>> 0
}
