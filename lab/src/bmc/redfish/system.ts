import type { Bmc, BootOverride } from '../bmc.ts'
import type { BootDevice, ChassisAction } from '../chassis.ts'
import {
  collection,
  done,
  type Handler,
  link,
  objectField,
  type RedfishAnswer,
  type Resource,
  redfishError,
  textField,
} from './answer.ts'
import type { RedfishPersonality } from './personality.ts'

const bootDevices: Record<string, BootDevice> = {
  Pxe: 'pxe',
  UefiHttp: 'http',
  Hdd: 'disk',
  Cd: 'cdrom',
  UsbCd: 'cdrom',
  BiosSetup: 'setup',
  Diags: 'diagnostics',
}

/** What a reset type does to a machine that is off (first) or on. */
const resets: Record<string, [ChassisAction | undefined, ChassisAction | undefined]> = {
  On: ['on', undefined],
  ForceOn: ['on', undefined],
  ForceOff: [undefined, 'off'],
  GracefulShutdown: [undefined, 'soft-off'],
  GracefulRestart: [undefined, 'reset'],
  ForceRestart: [undefined, 'reset'],
  PowerCycle: [undefined, 'cycle'],
  PushPowerButton: ['on', 'soft-off'],
  Nmi: [undefined, 'diagnostic'],
}

function targetOf(override: BootOverride | undefined, isOffered: (target: string) => boolean): string {
  const names = Object.keys(bootDevices).filter((name) => bootDevices[name] === override?.device)
  return names.find(isOffered) ?? names[0] ?? 'None'
}

function renderBoot(bmc: Bmc, redfish: RedfishPersonality): object {
  const override = bmc.bootOverride
  const isUefi = override ? override.isUefi : bmc.chassis.identity.firmware === 'uefi'
  return {
    BootSourceOverrideEnabled: override ? (override.isPersistent ? 'Continuous' : 'Once') : 'Disabled',
    'BootSourceOverrideEnabled@Redfish.AllowableValues': redfish.bootEnabled,
    BootSourceOverrideTarget: targetOf(override, (target) => redfish.bootTargets.includes(target)),
    'BootSourceOverrideTarget@Redfish.AllowableValues': redfish.bootTargets,
    BootSourceOverrideMode: isUefi ? 'UEFI' : 'Legacy',
    'BootSourceOverrideMode@Redfish.AllowableValues': ['Legacy', 'UEFI'],
    ...(override?.httpBootUri === undefined ? {} : { HttpBootUri: override.httpBootUri }),
  }
}

const notInList = (value: string, field: string): RedfishAnswer =>
  redfishError(
    400,
    'PropertyValueNotInList',
    `The value ${value} for ${field} is not in the list of acceptable values.`,
    [value, field],
  )

/** Takes a boot override as this maker does (facts of DSP0268: ComputerSystem.Boot). */
async function patchBoot(
  bmc: Bmc,
  redfish: RedfishPersonality,
  boot: Record<string, unknown>,
): Promise<RedfishAnswer> {
  const current = bmc.bootOverride
  const target = textField(boot, 'BootSourceOverrideTarget')
  const enabled = textField(boot, 'BootSourceOverrideEnabled')
  const mode = textField(boot, 'BootSourceOverrideMode')
  if (redfish.needsAllBootFields && (!target || !enabled || !mode))
    return redfishError(
      400,
      'PropertyMissing',
      'BootSourceOverrideTarget, -Enabled and -Mode are needed together.',
    )
  if (target !== undefined && !redfish.bootTargets.includes(target))
    return notInList(target, 'BootSourceOverrideTarget')
  if (enabled !== undefined && !redfish.bootEnabled.includes(enabled))
    return notInList(enabled, 'BootSourceOverrideEnabled')
  const device = target === undefined ? (current?.device ?? 'none') : (bootDevices[target] ?? 'none')
  if (enabled === 'Disabled' || device === 'none') await bmc.setBootOverride(undefined)
  else {
    const isUefi = mode === undefined ? bmc.chassis.identity.firmware === 'uefi' : mode === 'UEFI'
    const isPersistent = enabled === undefined ? (current?.isPersistent ?? false) : enabled === 'Continuous'
    const uri = textField(boot, 'HttpBootUri')
    await bmc.setBootOverride({
      device,
      isPersistent,
      isUefi,
      ...(uri === undefined ? {} : { httpBootUri: uri }),
    })
  }
  return done
}

function resetHandler(bmc: Bmc, redfish: RedfishPersonality): Handler {
  return async ({ body }) => {
    const type = textField(body, 'ResetType') ?? ''
    if (type === '')
      return redfishError(400, 'ActionParameterMissing', 'The action needs the parameter ResetType.', [
        'Reset',
        'ResetType',
      ])
    const entry = redfish.resetTypes.includes(type) ? resets[type] : undefined
    if (!entry)
      return redfishError(400, 'ActionParameterNotSupported', `ResetType ${type} is not supported.`, [
        'ResetType',
        'Reset',
      ])
    const action = entry[(await bmc.chassis.isOn()) ? 1 : 0]
    if (action) bmc.control(action)
    else if (redfish.sameStateStatus !== 204)
      return redfishError(
        redfish.sameStateStatus,
        'ActionParameterValueConflict',
        'The machine is in that state already.',
      )
    return done
  }
}

function resetInfo(path: string, redfish: RedfishPersonality): object {
  const parameter = {
    Name: 'ResetType',
    Required: true,
    DataType: 'String',
    AllowableValues: redfish.resetTypes,
  }
  return {
    '@odata.id': path,
    '@odata.type': '#ActionInfo.v1_1_2.ActionInfo',
    Id: 'ResetActionInfo',
    Name: 'Reset Action Info',
    Parameters: [parameter],
  }
}

/** The machine: its state, what it starts from, its NICs, and what switches it. */
export function systemResources(bmc: Bmc, redfish: RedfishPersonality): Record<string, Resource> {
  const path = `/redfish/v1/Systems/${redfish.systemId}`
  const { identity } = bmc.chassis
  const { manufacturer, model } = bmc.personality
  const nic = (index: number) => `${path}/EthernetInterfaces/NIC.${index + 1}`
  const settings = redfish.settingsObject === null ? undefined : `${path}/${redfish.settingsObject}`
  const resetTarget = `${path}/Actions/ComputerSystem.Reset`
  const boot = () => renderBoot(bmc, redfish)
  const render = async (): Promise<object> => ({
    '@odata.id': path,
    '@odata.type': '#ComputerSystem.v1_16_0.ComputerSystem',
    Id: redfish.systemId,
    Name: 'System',
    SystemType: 'Physical',
    Manufacturer: manufacturer,
    Model: model,
    SerialNumber: identity.serialNumber,
    SKU: identity.serialNumber,
    UUID: identity.uuid,
    AssetTag: bmc.assetTag,
    HostName: '',
    BiosVersion: '1.16.2',
    PowerState: (await bmc.chassis.isOn()) ? 'On' : 'Off',
    LocationIndicatorActive: bmc.isIdentifying,
    IndicatorLED: bmc.isIdentifying ? 'Blinking' : 'Off',
    Boot: boot(),
    ProcessorSummary: {
      Count: identity.cpus,
      Model: 'Simulated',
      Status: { State: 'Enabled', Health: 'OK' },
    },
    MemorySummary: {
      TotalSystemMemoryGiB: identity.memoryMib / 1024,
      Status: { State: 'Enabled', Health: 'OK' },
    },
    Status: { State: 'Enabled', Health: 'OK', HealthRollup: 'OK' },
    EthernetInterfaces: link(`${path}/EthernetInterfaces`),
    ...(redfish.logs.parent === 'system' ? { LogServices: link(`${path}/LogServices`) } : {}),
    ...(redfish.media.parent === 'system' ? { VirtualMedia: link(`${path}/VirtualMedia`) } : {}),
    Links: {
      Chassis: [link(`/redfish/v1/Chassis/${redfish.chassisId}`)],
      ManagedBy: [link(`/redfish/v1/Managers/${redfish.managerId}`)],
    },
    Actions: {
      '#ComputerSystem.Reset': {
        target: resetTarget,
        ...(redfish.resetTypesIn === 'action'
          ? { 'ResetType@Redfish.AllowableValues': redfish.resetTypes }
          : { '@Redfish.ActionInfo': `${path}/ResetActionInfo` }),
      },
    },
    ...(settings === undefined
      ? {}
      : {
          '@Redfish.Settings': {
            '@odata.type': '#Settings.v1_3_0.Settings',
            SettingsObject: link(settings),
            SupportedApplyTimes: ['OnReset'],
          },
        }),
  })
  const patch: Handler = async ({ body }) => {
    const asked = objectField(body, 'Boot')
    const active =
      body.LocationIndicatorActive ??
      (body.IndicatorLED === undefined ? undefined : body.IndicatorLED !== 'Off')
    if (typeof active === 'boolean') bmc.identifyUntilMs = active ? Number.POSITIVE_INFINITY : 0
    if (typeof body.AssetTag === 'string') bmc.assetTag = body.AssetTag.slice(0, 63)
    return asked ? patchBoot(bmc, redfish, asked) : done
  }
  const patchSystem: Handler = (request) =>
    settings !== undefined && objectField(request.body, 'Boot')
      ? redfishError(400, 'PropertyNotWritable', 'Boot is written through the settings object.', ['Boot'])
      : patch(request)
  return {
    '/redfish/v1/Systems': {
      get: () => collection('/redfish/v1/Systems', 'Systems', 'ComputerSystemCollection', [path]),
    },
    [path]: { get: render, patch: patchSystem },
    [resetTarget]: { post: resetHandler(bmc, redfish) },
    ...(redfish.resetTypesIn === 'action-info'
      ? { [`${path}/ResetActionInfo`]: { get: () => resetInfo(`${path}/ResetActionInfo`, redfish) } }
      : {}),
    ...(settings === undefined
      ? {}
      : {
          [settings]: {
            get: () => ({
              '@odata.id': settings,
              '@odata.type': '#ComputerSystem.v1_16_0.ComputerSystem',
              Id: 'Pending',
              Name: 'Pending settings',
              Boot: boot(),
            }),
            patch,
          },
        }),
    [`${path}/EthernetInterfaces`]: {
      get: () =>
        collection(
          `${path}/EthernetInterfaces`,
          'Ethernet interfaces',
          'EthernetInterfaceCollection',
          identity.macs.map((_, index) => nic(index)),
        ),
    },
    ...Object.fromEntries(
      identity.macs.map((mac, index): [string, Resource] => [
        nic(index),
        {
          get: () => ({
            '@odata.id': nic(index),
            '@odata.type': '#EthernetInterface.v1_8_0.EthernetInterface',
            Id: `NIC.${index + 1}`,
            Name: `NIC ${index + 1}`,
            MACAddress: mac.toUpperCase(),
            PermanentMACAddress: mac.toUpperCase(),
            InterfaceEnabled: true,
            Status: { State: 'Enabled', Health: 'OK' },
          }),
        },
      ]),
    ),
  }
}
