import type { Command, Deployment, Disk, Edge, Image, Machine } from '../../api/views.ts'

/** Views for tests: whole, dull, and altered where a test cares. */

export function createMachine(part: Partial<Machine> = {}): Machine {
  return {
    machineId: part.machineId ?? `machine-${part.name ?? 'a'}`,
    siteId: 's1',
    siteName: 'Home',
    name: 'web-01',
    fourWords: 'SeatAngleCoverAcoustic',
    kind: 'metal',
    status: 'ready',
    adopted: true,
    locked: false,
    lockedAt: null,
    lockedBy: null,
    lockReason: null,
    lockConfirmed: false,
    powerControl: 'on',
    reimage: 'on',
    macs: ['bc:24:11:8c:60:10'],
    address: null,
    reservedAddress: null,
    smbiosUuid: null,
    serial: null,
    manufacturer: null,
    product: null,
    cpuModel: null,
    cpuThreads: null,
    memoryBytes: null,
    diskBytes: null,
    tags: [],
    roles: [],
    rackName: null,
    rackUnit: null,
    bmc: null,
    ramdiskConnected: false,
    os: null,
    deployment: null,
    firstSeenAt: null,
    lastSeenAt: null,
    createdAt: 0,
    ...part,
  }
}

export function createDeployment(part: Partial<Deployment> = {}): Deployment {
  return {
    deploymentId: 'd1',
    machineId: 'm1',
    machineName: 'web-01',
    siteId: 's1',
    imageId: 'i1',
    imageName: 'Debian 13',
    templateId: 't1',
    templateTitle: 'Image with cloud-init',
    hostname: 'web-01',
    disk: { by: 'smallest', kind: 'any' },
    chosenDisk: null,
    status: 'running',
    stage: 'powering',
    attempt: 1,
    bytesDone: null,
    bytesTotal: null,
    abortRequested: false,
    failure: null,
    address: null,
    sshHostKeys: [],
    consoleBytes: 0,
    createdBy: null,
    createdAt: 0,
    startedAt: null,
    endedAt: null,
    armedUntil: 0,
    timeline: [],
    ...part,
  }
}

export function createEdge(part: Partial<Edge> = {}): Edge {
  return {
    edgeId: 'e1',
    siteId: 's1',
    siteName: 'Home',
    hostname: 'edge-1',
    version: '0.1.0',
    sealingKeySince: null,
    fingerprint: 'xK3f9QmB',
    keySince: 0,
    isKeyRequested: false,
    status: 'online',
    lastSeenAt: 0,
    upToDate: true,
    bundleVersion: null,
    update: { available: null, wanted: null, askedAt: null },
    interfaces: [],
    problems: [],
    enrolledAt: 0,
    ...part,
  }
}

export function createImage(part: Partial<Image> = {}): Image {
  return {
    imageId: 'i1',
    name: 'Debian 13',
    url: 'https://example.org/debian.raw',
    checksum: { algorithm: 'sha256', value: '00'.repeat(32) },
    format: 'raw',
    sizeBytes: 2_000_000_000,
    storedBytes: null,
    manifestDigest: null,
    status: 'ready',
    edges: [],
    createdAt: 0,
    ...part,
  }
}

export function createDisk(part: Partial<Disk> = {}): Disk {
  return {
    name: 'sda',
    model: null,
    serial: 'S1',
    wwn: null,
    sizeBytes: 10_000_000_000,
    logicalBlockBytes: 512,
    rotational: false,
    transport: 'sata',
    removable: false,
    wearPercent: null,
    healthy: null,
    os: null,
    signature: null,
    ...part,
  }
}

export function createCommand(part: Partial<Command> = {}): Command {
  return {
    commandId: 'c1',
    machineId: 'm1',
    siteId: 's1',
    kind: 'bmc.control',
    title: 'Power off',
    status: 'pending',
    queued: false,
    waitingFor: null,
    reason: null,
    message: null,
    attempts: [],
    detail: null,
    createdBy: 'Ada',
    createdAt: 0,
    deadline: 0,
    endedAt: null,
    ...part,
  }
}
