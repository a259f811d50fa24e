import type { Bmc } from '../bmc.ts'
import { type BmcUser, findUser, privileges } from '../users.ts'
import {
  collection,
  done,
  link,
  type RedfishAnswer,
  type RedfishRequest,
  type Resource,
  redfishError,
  textField,
} from './answer.ts'
import type { RedfishPersonality } from './personality.ts'
import type { RedfishSessions } from './sessions.ts'

const roles: Record<string, number> = { Administrator: 4, Operator: 3, ReadOnly: 2 }
const accountsPath = '/redfish/v1/AccountService/Accounts'
const sessionsPath = '/redfish/v1/SessionService/Sessions'

/** The service root, which anybody may read (DSP0266, 6.3). */
function rootResources(bmc: Bmc, redfish: RedfishPersonality): Record<string, Resource> {
  const root = {
    '@odata.id': '/redfish/v1/',
    '@odata.type': '#ServiceRoot.v1_12_0.ServiceRoot',
    Id: 'RootService',
    Name: 'Root Service',
    RedfishVersion: redfish.redfishVersion,
    UUID: bmc.chassis.identity.uuid,
    ...(redfish.vendor === null ? {} : { Vendor: redfish.vendor }),
    ...(redfish.product === null ? {} : { Product: redfish.product }),
    ...(bmc.personality.name === 'openbmc' ? {} : { Oem: { [redfish.oemKey]: {} } }),
    Systems: link('/redfish/v1/Systems'),
    Chassis: link('/redfish/v1/Chassis'),
    Managers: link('/redfish/v1/Managers'),
    SessionService: link('/redfish/v1/SessionService'),
    AccountService: link('/redfish/v1/AccountService'),
    UpdateService: link('/redfish/v1/UpdateService'),
    EventService: link('/redfish/v1/EventService'),
    ProtocolFeaturesSupported: {
      ExpandQuery: { ExpandAll: false, NoLinks: false, Levels: false, Links: false },
    },
    Links: { Sessions: link(sessionsPath) },
  }
  return {
    '/redfish': { isPublic: true, get: () => ({ v1: '/redfish/v1/' }) },
    '/redfish/v1': { isPublic: true, get: () => root },
    '/redfish/v1/odata': {
      isPublic: true,
      get: () => ({
        '@odata.context': '/redfish/v1/$metadata',
        value: [{ name: 'Service', kind: 'Singleton', url: '/redfish/v1/' }],
      }),
    },
  }
}

/** A way to have an account's id that is this maker's own. */
export function accountId(user: BmcUser, redfish: RedfishPersonality): string {
  return redfish.accountIds === 'names' ? user.name : String(user.id + redfish.accountIds - 1)
}

function renderAccount(bmc: Bmc, redfish: RedfishPersonality, user: BmcUser): object {
  const path = `${accountsPath}/${accountId(user, redfish)}`
  const role = Object.keys(roles).find((name) => roles[name] === user.privilege) ?? 'None'
  return {
    '@odata.id': path,
    '@odata.type': '#ManagerAccount.v1_6_0.ManagerAccount',
    Id: accountId(user, redfish),
    Name: 'User account',
    UserName: user.name,
    Password: null,
    RoleId: role,
    Enabled: user.isEnabled,
    Locked: false,
    PasswordChangeRequired: bmc.faults.passwordChangeRequired,
    Links: { Role: link(`/redfish/v1/AccountService/Roles/${role}`) },
  }
}

function writeAccount(
  bmc: Bmc,
  redfish: RedfishPersonality,
  user: BmcUser,
  body: Record<string, unknown>,
): RedfishAnswer | undefined {
  const password = textField(body, 'Password')
  const { min, max } = redfish.passwordLength
  if (password !== undefined && (password.length < min || password.length > max))
    return redfishError(400, 'PropertyValueFormatError', `A password has ${min} to ${max} characters.`, [
      'Password',
    ])
  const name = textField(body, 'UserName')
  const privilege = roles[textField(body, 'RoleId') ?? '']
  if (name !== undefined) user.name = name
  if (privilege !== undefined) user.privilege = privilege
  if (typeof body.Enabled === 'boolean') user.isEnabled = body.Enabled
  user.mayUseIpmi = user.isEnabled
  if (password !== undefined) {
    user.password = password
    bmc.faults = { ...bmc.faults, passwordChangeRequired: false }
  }
  return undefined
}

function createAccount(bmc: Bmc, redfish: RedfishPersonality, request: RedfishRequest): RedfishAnswer {
  const name = textField(request.body, 'UserName')
  if (!name || textField(request.body, 'Password') === undefined)
    return redfishError(400, 'PropertyMissing', 'UserName and Password are needed.', ['UserName'])
  // Its slots are there from the start, and are filled by writing to them.
  if (bmc.personality.name === 'dell')
    return redfishError(405, 'OperationNotAllowed', 'Write to a free account instead.')
  if (findUser(bmc.users, name))
    return redfishError(409, 'ResourceAlreadyExists', `There is an account ${name}.`, [name])
  const slot = bmc.users.find((user) => user.id > 1 && user.name === '')
  if (!slot) return redfishError(503, 'CreateLimitReachedForResource', 'Every account is taken.')
  const refusal = writeAccount(bmc, redfish, slot, { RoleId: 'ReadOnly', Enabled: true, ...request.body })
  if (refusal) return refusal
  slot.mayUseConsole = true
  const account = renderAccount(bmc, redfish, slot)
  return { status: 201, body: account, headers: { location: `${accountsPath}/${accountId(slot, redfish)}` } }
}

function accountResources(bmc: Bmc, redfish: RedfishPersonality): Record<string, Resource> {
  const isShown = (user: BmcUser) => (bmc.personality.name === 'dell' ? true : user.name !== '')
  const { min, max } = redfish.passwordLength
  return {
    '/redfish/v1/AccountService': {
      get: () => ({
        '@odata.id': '/redfish/v1/AccountService',
        '@odata.type': '#AccountService.v1_10_0.AccountService',
        Id: 'AccountService',
        Name: 'Account service',
        MinPasswordLength: min,
        MaxPasswordLength: max,
        Accounts: link(accountsPath),
      }),
    },
    [accountsPath]: {
      privilege: privileges.administrator,
      get: () =>
        collection(
          accountsPath,
          'Accounts',
          'ManagerAccountCollection',
          bmc.users.filter(isShown).map((user) => `${accountsPath}/${accountId(user, redfish)}`),
        ),
      post: (request) => createAccount(bmc, redfish, request),
    },
  }
}

/** The account behind a path, whatever it is called at the moment. */
export function accountResource(bmc: Bmc, redfish: RedfishPersonality, path: string): Resource | undefined {
  const id = path.startsWith(`${accountsPath}/`)
    ? decodeURIComponent(path.slice(accountsPath.length + 1))
    : undefined
  const user = bmc.users.find((candidate) => id !== undefined && accountId(candidate, redfish) === id)
  if (!user) return undefined
  return {
    privilege: privileges.administrator,
    get: () => renderAccount(bmc, redfish, user),
    patch: ({ body }) => writeAccount(bmc, redfish, user, body) ?? done,
    delete: () => {
      Object.assign(user, {
        name: '',
        password: '',
        isEnabled: false,
        privilege: privileges.none,
        mayUseIpmi: false,
      })
      return done
    },
  }
}

function sessionResources(
  bmc: Bmc,
  redfish: RedfishPersonality,
  sessions: RedfishSessions,
): Record<string, Resource> {
  const logIn = ({ body }: RedfishRequest): RedfishAnswer => {
    const user = sessions.findUser(textField(body, 'UserName') ?? '', textField(body, 'Password') ?? '')
    if (!user) return redfishError(401, 'ResourceAtUriUnauthorized', 'User name or password are wrong.')
    const session = bmc.faults.noFreeSession ? undefined : sessions.open(user)
    if (!session) return redfishError(503, 'SessionLimitExceeded', 'Every session is taken.')
    const path = `${sessionsPath}/${session.id}`
    const account = `${accountsPath}/${accountId(user, redfish)}`
    const change = {
      MessageId: 'Base.1.13.PasswordChangeRequired',
      MessageArgs: [account],
      Message: 'The password must be changed.',
    }
    return {
      status: 201,
      body: {
        ...renderSession(path, session.id, user),
        ...(bmc.faults.passwordChangeRequired ? { '@Message.ExtendedInfo': [change] } : {}),
      },
      headers: { 'x-auth-token': session.token, location: path },
    }
  }
  return {
    '/redfish/v1/SessionService': {
      get: () => ({
        '@odata.id': '/redfish/v1/SessionService',
        '@odata.type': '#SessionService.v1_1_8.SessionService',
        Id: 'SessionService',
        Name: 'Session service',
        ServiceEnabled: true,
        SessionTimeout: redfish.sessionSeconds,
        Sessions: link(sessionsPath),
      }),
    },
    [sessionsPath]: {
      get: () =>
        collection(
          sessionsPath,
          'Sessions',
          'SessionCollection',
          sessions.ids().map((id) => `${sessionsPath}/${id}`),
        ),
      post: logIn,
    },
  }
}

function renderSession(path: string, id: string, user: BmcUser): object {
  return {
    '@odata.id': path,
    '@odata.type': '#Session.v1_5_0.Session',
    Id: id,
    Name: 'User session',
    UserName: user.name,
  }
}

export function sessionResource(sessions: RedfishSessions, path: string): Resource | undefined {
  const id = path.startsWith(`${sessionsPath}/`) ? path.slice(sessionsPath.length + 1) : ''
  const session = sessions.find(id)
  if (!session) return undefined
  return {
    get: () => renderSession(path, id, session.user),
    delete: () => {
      sessions.end(id)
      return done
    },
    privilege: privileges.user,
  }
}

function updateAndEventResources(bmc: Bmc, redfish: RedfishPersonality): Record<string, Resource> {
  const inventory = '/redfish/v1/UpdateService/FirmwareInventory'
  const firmware = { BMC: bmc.personality.firmwareVersion.text, BIOS: '1.16.2' }
  return {
    '/redfish/v1/UpdateService': {
      get: () => ({
        '@odata.id': '/redfish/v1/UpdateService',
        '@odata.type': '#UpdateService.v1_9_0.UpdateService',
        Id: 'UpdateService',
        Name: 'Update service',
        FirmwareInventory: link(inventory),
      }),
    },
    [inventory]: {
      get: () =>
        collection(
          inventory,
          'Firmware',
          'SoftwareInventoryCollection',
          Object.keys(firmware).map((id) => `${inventory}/${id}`),
        ),
    },
    ...Object.fromEntries(
      Object.entries(firmware).map(([id, version]): [string, Resource] => [
        `${inventory}/${id}`,
        {
          get: () => ({
            '@odata.id': `${inventory}/${id}`,
            '@odata.type': '#SoftwareInventory.v1_5_0.SoftwareInventory',
            Id: id,
            Name: `${id} firmware`,
            Version: version,
            Updateable: false,
          }),
        },
      ]),
    ),
    '/redfish/v1/EventService': {
      get: () => ({
        '@odata.id': '/redfish/v1/EventService',
        '@odata.type': '#EventService.v1_8_0.EventService',
        Id: 'EventService',
        Name: 'Event service',
        ServiceEnabled: true,
        ...(redfish.sseUri === null ? {} : { ServerSentEventUri: redfish.sseUri }),
      }),
    },
  }
}

/** Everything that is about the service and not about the machine. */
export function serviceResources(
  bmc: Bmc,
  redfish: RedfishPersonality,
  sessions: RedfishSessions,
): Record<string, Resource> {
  return {
    ...rootResources(bmc, redfish),
    ...accountResources(bmc, redfish),
    ...sessionResources(bmc, redfish, sessions),
    ...updateAndEventResources(bmc, redfish),
  }
}
