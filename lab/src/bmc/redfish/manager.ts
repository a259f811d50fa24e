import type { Bmc } from '../bmc.ts'
import type { LoggedEvent } from '../event-log.ts'
import {
  collection,
  done,
  type Handler,
  link,
  type RedfishAnswer,
  type Resource,
  redfishError,
  textField,
} from './answer.ts'
import type { RedfishPersonality } from './personality.ts'

/** Fetches the disc behind an address to a file on this host. @throws Error that says why it could not. */
export type FetchMedia = (url: string) => Promise<string>

/** What the resources of a BMC are made from. */
export interface RedfishParts {
  bmc: Bmc
  redfish: RedfishPersonality
  fetchMedia: FetchMedia
}

function renderLogEntry(path: string, event: LoggedEvent): object {
  return {
    '@odata.id': `${path}/${event.id}`,
    '@odata.type': '#LogEntry.v1_9_0.LogEntry',
    Id: String(event.id),
    Name: `Log entry ${event.id}`,
    EntryType: 'SEL',
    Created: new Date(event.timeSeconds * 1000).toISOString().replace('.000Z', '+00:00'),
    Message: event.message,
    Severity: event.severity,
    SensorNumber: event.sensorNumber,
  }
}

function logResources({ bmc, redfish }: RedfishParts, owner: string): Record<string, Resource> {
  const services = `${owner}/LogServices`
  const path = `${services}/${redfish.logs.id}`
  const clear = `${path}/Actions/LogService.ClearLog`
  return {
    [services]: { get: () => collection(services, 'Log services', 'LogServiceCollection', [path]) },
    [path]: {
      get: () => ({
        '@odata.id': path,
        '@odata.type': '#LogService.v1_2_0.LogService',
        Id: redfish.logs.id,
        Name: 'System event log',
        DateTime: new Date(bmc.eventLog.timeSeconds * 1000).toISOString(),
        Entries: link(`${path}/Entries`),
        Actions: { '#LogService.ClearLog': { target: clear } },
      }),
    },
    [`${path}/Entries`]: {
      get: () => ({
        ...collection(`${path}/Entries`, 'Entries', 'LogEntryCollection', []),
        'Members@odata.count': bmc.eventLog.events.length,
        Members: bmc.eventLog.events.map((event) => renderLogEntry(`${path}/Entries`, event)),
      }),
    },
    [clear]: {
      post: () => {
        bmc.eventLog.clear()
        return done
      },
    },
  }
}

function mediaResources(parts: RedfishParts, owner: string): Record<string, Resource> {
  const { bmc, redfish, fetchMedia } = parts
  const { media } = redfish
  const path = `${owner}/VirtualMedia/${media.slot}`
  const actions = `${path}/Actions/VirtualMedia`
  const insert: Handler = async ({ body }): Promise<RedfishAnswer> => {
    const image = textField(body, 'Image')
    if (!image)
      return redfishError(400, 'ActionParameterMissing', 'Image is needed.', ['InsertMedia', 'Image'])
    if (media.refusesExtras && ('Inserted' in body || 'WriteProtected' in body))
      return redfishError(400, 'ActionParameterUnknown', 'Inserted and WriteProtected are unknown.', [
        'InsertMedia',
        'Inserted',
      ])
    if (!media.schemes.some((scheme) => image.startsWith(`${scheme}://`)))
      return redfishError(
        400,
        'ActionParameterValueFormatError',
        `Image must be ${media.schemes.join(' or ')}.`,
        [image, 'Image'],
      )
    if (bmc.mediaUrl !== undefined)
      return redfishError(409, 'ResourceInUse', 'There is a disc in the drive: eject it first.')
    try {
      await bmc.chassis.setMedia(await fetchMedia(image))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return redfishError(500, 'InternalError', `The disc could not be had: ${reason}`)
    }
    bmc.mediaUrl = image
    return done
  }
  const eject: Handler = async () => {
    await bmc.chassis.setMedia(undefined)
    bmc.mediaUrl = undefined
    return done
  }
  const isByActions = media.by === 'action'
  return {
    [`${owner}/VirtualMedia`]: {
      get: () => collection(`${owner}/VirtualMedia`, 'Virtual media', 'VirtualMediaCollection', [path]),
    },
    [path]: {
      get: () => ({
        '@odata.id': path,
        '@odata.type': '#VirtualMedia.v1_3_0.VirtualMedia',
        Id: media.slot,
        Name: 'Virtual CD',
        MediaTypes: ['CD', 'DVD'],
        Image: bmc.mediaUrl ?? null,
        ImageName: bmc.mediaUrl?.split('/').at(-1) ?? null,
        Inserted: bmc.mediaUrl !== undefined,
        ConnectedVia: bmc.mediaUrl === undefined ? 'NotConnected' : 'URI',
        WriteProtected: true,
        ...(isByActions
          ? {
              Actions: {
                '#VirtualMedia.InsertMedia': { target: `${actions}.InsertMedia` },
                '#VirtualMedia.EjectMedia': { target: `${actions}.EjectMedia` },
              },
            }
          : {}),
      }),
      ...(isByActions
        ? {}
        : {
            patch: (request) =>
              textField(request.body, 'Image') === undefined ? eject(request) : insert(request),
          }),
    },
    ...(isByActions
      ? { [`${actions}.InsertMedia`]: { post: insert }, [`${actions}.EjectMedia`]: { post: eject } }
      : {}),
  }
}

/** The BMC itself, with its network, its log and its virtual drive where this maker has them. */
export function managerResources(parts: RedfishParts): Record<string, Resource> {
  const { bmc, redfish } = parts
  const path = `/redfish/v1/Managers/${redfish.managerId}`
  const system = `/redfish/v1/Systems/${redfish.systemId}`
  const nic = `${path}/EthernetInterfaces/1`
  const resetTarget = `${path}/Actions/Manager.Reset`
  return {
    '/redfish/v1/Managers': {
      get: () => collection('/redfish/v1/Managers', 'Managers', 'ManagerCollection', [path]),
    },
    [path]: {
      get: () => ({
        '@odata.id': path,
        '@odata.type': '#Manager.v1_13_0.Manager',
        Id: redfish.managerId,
        Name: 'Manager',
        ManagerType: 'BMC',
        Model: bmc.personality.bmcName,
        FirmwareVersion: bmc.personality.firmwareVersion.text,
        UUID: bmc.chassis.identity.uuid,
        DateTime: new Date(bmc.now()).toISOString(),
        EthernetInterfaces: link(`${path}/EthernetInterfaces`),
        NetworkProtocol: link(`${path}/NetworkProtocol`),
        ...(redfish.logs.parent === 'manager' ? { LogServices: link(`${path}/LogServices`) } : {}),
        ...(redfish.media.parent === 'manager' ? { VirtualMedia: link(`${path}/VirtualMedia`) } : {}),
        Links: {
          ManagerForServers: [link(system)],
          ManagerForChassis: [link(`/redfish/v1/Chassis/${redfish.chassisId}`)],
        },
        Actions: {
          '#Manager.Reset': {
            target: resetTarget,
            'ResetType@Redfish.AllowableValues': ['GracefulRestart', 'ForceRestart'],
          },
        },
        Status: { State: 'Enabled', Health: 'OK' },
      }),
    },
    [resetTarget]: { post: () => done, privilege: 4 },
    [`${path}/NetworkProtocol`]: {
      get: () => ({
        '@odata.id': `${path}/NetworkProtocol`,
        '@odata.type': '#ManagerNetworkProtocol.v1_8_0.ManagerNetworkProtocol',
        Id: 'NetworkProtocol',
        Name: 'Network protocols',
        IPMI: { ProtocolEnabled: true, Port: 623 },
        HTTPS: { ProtocolEnabled: true, Port: 443 },
      }),
    },
    [`${path}/EthernetInterfaces`]: {
      get: () =>
        collection(`${path}/EthernetInterfaces`, 'Ethernet interfaces', 'EthernetInterfaceCollection', [nic]),
    },
    [nic]: {
      get: () => ({
        '@odata.id': nic,
        '@odata.type': '#EthernetInterface.v1_8_0.EthernetInterface',
        Id: '1',
        Name: 'Manager Ethernet interface',
        MACAddress: bmc.network.mac.toUpperCase(),
        IPv4Addresses: [
          {
            Address: bmc.network.address,
            SubnetMask: bmc.network.netmask,
            Gateway: bmc.network.gateway,
            AddressOrigin: bmc.network.source === 'static' ? 'Static' : 'DHCP',
          },
        ],
      }),
    },
    ...logResources(parts, redfish.logs.parent === 'manager' ? path : system),
    ...mediaResources(parts, redfish.media.parent === 'manager' ? path : system),
  }
}
