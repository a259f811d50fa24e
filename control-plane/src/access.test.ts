import type { ApiKeyScope } from '@dragonfly/schema/state'
import { beforeAll, describe, expect, it } from 'vitest'
import { accessLevels } from './access.ts'
import type { Person } from './deps.ts'
import { createOpenApiDocument } from './openapi.ts'
import { committed } from './testing/committed-operations.ts'
import { createHarness, type Harness } from './testing/harness.ts'
import { version } from './version.ts'

type Operation = { method: string; path: string; access: unknown; operationId: string; responses: string[] }

const operations: Operation[] = Object.entries(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.replaceAll(/\{.+?\}/g, 'a'.repeat(64)),
    access: operation['x-access'],
    operationId: String(operation.operationId),
    responses: Object.keys(operation.responses ?? {}),
  })),
)

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})

it('has a committed description that is up to date', () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument(version))))
})

it('names every operation once, in camelCase', () => {
  const names = operations.map(({ operationId }) => operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z][a-zA-Z]+$/)
})

it.each(operations)('$method $path says who may call it', ({ access }) => {
  expect(accessLevels).toContain(access)
})

it.each(operations.filter(({ access }) => access !== 'public'))(
  '$method $path ($access) answers 401 to a stranger, and says that it may',
  async ({ method, path, responses }) => {
    const answer = await harness.call(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(responses).toContain('401')
  },
)

/**
 * Written down once more, by hand: an operation that is not in here fails, and so does one whose access was
 * changed without anybody thinking of it.
 */
const expectations = {
  public: [
    ['getSetup', 'createAdministrator', 'beginSetupPasskey', 'enrolEdge'],
    ['readInvitation', 'acceptInvitation', 'beginInvitationPasskey'],
    ['beginPasskeySignIn', 'passkeySignIn', 'recoverySignIn', 'beginProviderSignIn', 'providerSignIn'],
  ].flat(),
  /** While the front page is closed, which it is at first. */
  nobody: ['getSummary'],
  edge: [
    'openTunnel',
    'openEdgeConsole',
    'getEdgeState',
    'getEdgeKey',
    'replaceEdgeKey',
    'getBundleManifest',
    'getBundleChunk',
    'leaveSite',
    'getReleaseManifest',
    'getReleaseChunk',
    'getImageFile',
  ],
  everyone: [
    ['getMe', 'openEvents', 'listSites', 'getSite', 'listEdges', 'listEdgeLeases'],
    ['listMachines', 'getMachine', 'getMachineLog', 'listImages', 'getImage'],
    ['listTemplates', 'getTemplate', 'listDeployments', 'getDeployment', 'getSafety', 'getSealingKeys'],
    ['getBmc', 'listCommands', 'getCommand', 'listSiteDraws', 'getSensors', 'getBmcLog'],
    ['getMachineSamples', 'getSiteSamples', 'getEdgePasswords'],
  ].flat(),
  operators: [
    ['createMachine', 'updateMachine', 'adoptMachine', 'adoptMachines', 'tagMachines'],
    ['probeBmc', 'readFromBmc', 'readBmcMedia', 'identifyMachine', 'identifyMachines', 'confirmCommand'],
  ].flat(),
  confirmers: ['createConfirmation'],
  deployers: ['createDeployment', 'abortDeployment', 'abortDeployments', 'deployMachines'],
  destroyers: [
    ['deleteMachine', 'deleteMachines', 'powerMachine', 'powerMachines'],
    ['openConsole', 'getConsoleRecording', 'downloadConsoleRecording'],
    ['powerOnMachine', 'powerOnMachines', 'setBootDevice', 'clearBmcLog', 'insertBmcMedia', 'ejectBmcMedia'],
  ].flat(),
  /** What an administrator changes, and destroys by it. */
  wreckers: ['deleteSite', 'revokeEdge', 'deleteImage'],
  administrators: [
    ['getSetupProgress', 'updateSetupProgress', 'renameOrganisation'],
    ['listSshKeys', 'addSshKeys', 'deleteSshKey'],
    ['createSite', 'updateSite', 'createEnrolmentToken', 'updateEdge', 'observeDhcp'],
    ['requestEdgeUpdate', 'withdrawEdgeUpdate', 'requestEdgeKey'],
    ['listImageUploads', 'createImageUpload', 'uploadImagePart', 'finishImageUpload', 'deleteImageUpload'],
    [
      'adoptBmc',
      'setBmc',
      'removeBmc',
      'createBmcAccount',
      'tryDefaultLogin',
      'startBmcScan',
      'getBmcScan',
      'cancelBmcScan',
    ],
    ['createImage', 'importFromCatalogue', 'retryImage', 'createTemplate', 'deleteTemplate'],
    ['getFrontDoor', 'updateFrontDoor', 'getOidc', 'setOidc', 'deleteOidc'],
    ['listUsers', 'createUser', 'getUser', 'updateUser', 'deleteUser', 'endUserSessions', 'resetUserMfa'],
    ['listInvitations', 'createInvitation', 'deleteInvitation', 'getPeoplePolicy', 'updatePeoplePolicy'],
    ['getRecoveryKey', 'replaceRecoveryKey', 'exportSealed', 'sharePasswords'],
    ['getSigningKey', 'replaceSigningKey'],
    ['lockMachine', 'unlockMachine', 'lockMachines', 'unlockMachines', 'setSafetySwitch'],
    ['setMinimumSafety', 'listAudit', 'exportAudit', 'verifyAudit'],
  ].flat(),
  own: [
    ['updateMe', 'listSessions', 'endSession', 'listApiKeys', 'createApiKey', 'deleteApiKey'],
    ['setSafetyMode', 'listPasskeys', 'beginPasskey', 'createPasskey', 'updatePasskey', 'deletePasskey'],
    ['beginStepUp', 'stepUp', 'createRecoveryCodes'],
    // Last: who asked is signed out after it.
    ['endSessions'],
  ].flat(),
}
type Circle = keyof typeof expectations

interface Caller {
  name: string
  role?: Person['role']
  scopes?: ApiKeyScope[]
  expired?: boolean
  may: Circle[]
}

const callers: Caller[] = [
  { name: 'a stranger', may: [] },
  { name: 'a viewer', role: 'viewer', may: ['everyone', 'own'] },
  { name: 'a user', role: 'user', may: ['everyone', 'operators', 'own'] },
  {
    name: 'an administrator',
    role: 'administrator',
    may: [
      ['everyone', 'operators', 'confirmers', 'deployers', 'destroyers'] as const,
      ['wreckers', 'administrators', 'own'] as const,
    ].flat(),
  },
  { name: 'a key that reads', role: 'administrator', scopes: ['read'], may: ['everyone', 'confirmers'] },
  { name: 'a key that operates', role: 'administrator', scopes: ['operate'], may: ['operators'] },
  { name: 'a key that deploys', role: 'administrator', scopes: ['deploy'], may: ['deployers'] },
  { name: 'a key that destroys', role: 'administrator', scopes: ['destroy'], may: ['destroyers'] },
  { name: 'a key that administers', role: 'administrator', scopes: ['admin'], may: ['administrators'] },
  {
    name: 'a key that administers and destroys',
    role: 'administrator',
    scopes: ['admin', 'destroy'],
    may: ['administrators', 'wreckers', 'destroyers'],
  },
  {
    name: 'a viewer’s key with every scope',
    role: 'viewer',
    scopes: ['read', 'operate', 'deploy', 'destroy', 'admin'],
    may: ['everyone'],
  },
  { name: 'an expired key', role: 'administrator', scopes: ['read', 'admin'], expired: true, may: [] },
]

it('knows of every operation who may call it, and of none that is gone', () => {
  const named = Object.values(expectations).flat()
  expect(named.toSorted()).toEqual(operations.map(({ operationId }) => operationId).toSorted())
})

describe.each(callers)('$name', ({ role, scopes, expired, may }) => {
  it('may do exactly what they may', async () => {
    const own = await createHarness()
    if (role) await own.signInAs(role)
    const headers = scopes ? await createKey(own, scopes) : {}
    if (expired) own.clock.now += 31 * 24 * 60 * 60_000
    for (const [circle, names] of Object.entries(expectations)) {
      const isAllowed = circle === 'public' || may.includes(circle as Circle)
      for (const operationId of names) {
        const operation = operations.find((candidate) => candidate.operationId === operationId)
        if (!operation) throw new Error(operationId)
        const { method, path } = operation
        const body = method === 'GET' || method === 'DELETE' ? undefined : {}
        const { status } = await own.call(method, path, body, headers)
        const expected = isAllowed
          ? [200, 204, 404, 409, 410, 422, 426, 428]
          : [may.length > 0 && circle !== 'edge' && circle !== 'nobody' ? 403 : 401]
        expect(expected, `${operationId}: ${status}`).toContain(status)
      }
    }
  }, 120_000)
})

/** A key of the person who is signed in; the cookie is left out from then on. */
async function createKey(harness: Harness, keyScopes: ApiKeyScope[]): Promise<Record<string, string>> {
  const input = { name: 'walk', scopes: keyScopes, expiresInDays: 30 }
  const { body } = await harness.call('POST', '/api/v1/me/api-keys', input)
  harness.signOut()
  // Neither an Origin nor a cookie: this is no browser.
  return { authorization: `Bearer ${body.key}`, origin: '' }
}

describe('requests from elsewhere', () => {
  it('refuses a change from another site’s page, or one that does not say where it comes from', async () => {
    const own = await createHarness()
    await own.signIn()
    const body = { name: 'Attic' }
    expect((await own.call('POST', '/api/v1/sites', body, { origin: 'https://evil.example' })).status).toBe(
      403,
    )
    expect((await own.call('POST', '/api/v1/sites', body, { origin: '' })).status).toBe(403)
    const rebound = { host: 'evil.example:3000', origin: 'http://evil.example:3000' }
    expect((await own.call('POST', '/api/v1/sites', body, rebound)).status).toBe(403)
    const byAddress = { host: '192.168.1.5:3000', origin: 'http://192.168.1.5:3000' }
    expect((await own.call('POST', '/api/v1/sites', body, byAddress)).status).toBe(201)
  })

  it('refuses to open the live events for another site’s page', async () => {
    const own = await createHarness()
    await own.signIn()
    const headers = { upgrade: 'websocket', origin: 'https://evil.example' }
    const answer = await own.call('GET', '/api/v1/events', undefined, headers)
    expect(answer).toMatchObject({ status: 403, body: { code: 'foreign-origin' } })
  })

  it('has nothing at an address that is not declared', async () => {
    expect((await harness.call('GET', '/api/v1/nonsense')).status).toBe(404)
    expect((await harness.call('PUT', '/api/v1/sites', {})).status).toBe(404)
  })
})
