import type { Health, SampleRange } from '@dragonfly/schema/state'
import {
  infiniteQueryOptions,
  keepPreviousData,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { api, take } from './client.ts'
import { ApiError } from './problem.ts'

/** Keys of the query cache, one place for those who invalidate or patch. */
export const keys = {
  setup: ['setup'],
  setupProgress: ['setup', 'progress'],
  sshKeys: ['setup', 'ssh-keys'],
  signingKey: ['setup', 'signing-key'],
  me: ['me'],
  machines: ['machines'],
  machine: (machineId: string) => ['machine', machineId],
  bmc: (machineId: string) => ['bmc', machineId],
  bmcScans: ['bmc-scan'],
  bmcScan: (siteId: string) => ['bmc-scan', siteId],
  recording: (deploymentId: string) => ['recording', deploymentId],
  commands: (machineId: string) => ['commands', machineId],
  waitingCommands: ['waiting-commands'],
  samples: ['samples'],
  siteDraws: ['site-draws'],
  sensors: (machineId: string) => ['sensors', machineId],
  bmcLog: (machineId: string) => ['bmc-log', machineId],
  deployments: ['deployments'],
  sites: ['sites'],
  edges: ['edges'],
  leases: (edgeId: string) => ['edges', 'leases', edgeId],
  edgePasswords: (edgeId: string) => ['edges', edgeId, 'passwords'],
  images: ['images'],
  imageUploads: ['image-uploads'],
  templates: ['templates'],
  users: ['users'],
  invitations: ['invitations'],
  sessions: ['sessions'],
  apiKeys: ['api-keys'],
  passkeys: ['passkeys'],
  oidc: ['oidc'],
  peoplePolicy: ['people-policy'],
  audit: ['audit'],
  frontDoor: ['front-door'],
  summary: ['summary'],
  safety: ['safety'],
  recoveryKey: ['recovery-key'],
} as const

/** `onSignedOut` is called when the server no longer knows who asks: the session ended, or was ended elsewhere. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const isSignedOut = error instanceof ApiError && error.problem.status === 401
        if (isSignedOut && query.queryKey[0] !== keys.me[0]) onSignedOut()
      },
    }),
    defaultOptions: {
      queries: {
        // The live socket says when something changed; this only catches what it missed.
        staleTime: 30_000,
        refetchOnWindowFocus: true,
        retry: (count, error) =>
          count < 2 &&
          !(error instanceof ApiError && error.problem.status >= 400 && error.problem.status < 500),
      },
    },
  })
}

export const setupQuery = queryOptions({
  queryKey: keys.setup,
  queryFn: ({ signal }) => take(api.GET('/api/v1/setup', { signal })),
})

export const summaryQuery = queryOptions({
  queryKey: keys.summary,
  queryFn: ({ signal }) => take(api.GET('/api/v1/summary', { signal })),
  // Strangers have no live socket.
  refetchInterval: 10_000,
})

export const frontDoorQuery = queryOptions({
  queryKey: keys.frontDoor,
  queryFn: ({ signal }) => take(api.GET('/api/v1/front-door', { signal })),
})

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => take(api.GET('/api/v1/me', { signal })),
})

/** Power mode ends on the server's clock: asked again now and then. */
export const safetyQuery = queryOptions({
  queryKey: keys.safety,
  queryFn: ({ signal }) => take(api.GET('/api/v1/safety', { signal })),
  refetchInterval: 60_000,
})

export const machinesQuery = queryOptions({
  queryKey: keys.machines,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/machines', { signal }))).items,
})

export const machineQuery = (machineId: string) =>
  queryOptions({
    queryKey: keys.machine(machineId),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/machines/{machineId}', { params: { path: { machineId } }, signal })),
  })

/** What a machine wrote on its console during a deployment; it may be long, and is not kept. */
export const recordingQuery = (deploymentId: string) =>
  queryOptions({
    queryKey: keys.recording(deploymentId),
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/deployments/{deploymentId}/console', { params: { path: { deploymentId } }, signal }),
      ),
    gcTime: 0,
  })

export const bmcQuery = (machineId: string) =>
  queryOptions({
    queryKey: keys.bmc(machineId),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/machines/{machineId}/bmc', { params: { path: { machineId } }, signal })),
  })

/** A site's last look for BMCs; null before the first. The live socket says when it has got on. */
export const bmcScanQuery = (siteId: string) =>
  queryOptions({
    queryKey: keys.bmcScan(siteId),
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/sites/{siteId}/bmc-scan', { params: { path: { siteId } }, signal }))).scan,
  })

/** What was asked of a machine's BMC, the newest first. */
export const commandsQuery = (machineId: string) =>
  queryOptions({
    queryKey: keys.commands(machineId),
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/commands', { params: { query: { machineId, limit: 10 } }, signal })))
        .items,
  })

/** What waits for somebody who walks to a machine, the newest first. */
export const waitingCommandsQuery = queryOptions({
  queryKey: keys.waitingCommands,
  queryFn: async ({ signal }) =>
    (await take(api.GET('/api/v1/commands', { params: { query: { waiting: 'true', limit: 100 } }, signal })))
      .items,
})

/** Whose draw and temperatures are plotted. */
export type SampleSubject = { machineId: string } | { siteId: string; rackId?: string }

export const samplesQuery = (subject: SampleSubject, range: SampleRange) =>
  queryOptions({
    queryKey: [...keys.samples, subject, range],
    queryFn: ({ signal }) =>
      take(
        'machineId' in subject
          ? api.GET('/api/v1/machines/{machineId}/samples', {
              params: { path: subject, query: { range } },
              signal,
            })
          : api.GET('/api/v1/sites/{siteId}/samples', {
              params: {
                path: { siteId: subject.siteId },
                query: { range, ...(subject.rackId ? { rackId: subject.rackId } : {}) },
              },
              signal,
            }),
      ),
    placeholderData: keepPreviousData,
  })

export const siteDrawsQuery = queryOptions({
  queryKey: keys.siteDraws,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/power-draw', { signal }))).items,
})

export const sensorsQuery = (machineId: string) =>
  queryOptions({
    queryKey: keys.sensors(machineId),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/machines/{machineId}/bmc/sensors', { params: { path: { machineId } }, signal })),
  })

export const bmcLogQuery = (machineId: string, severity: Health | 'all') =>
  infiniteQueryOptions({
    queryKey: [...keys.bmcLog(machineId), severity],
    queryFn: ({ signal, pageParam }) =>
      take(
        api.GET('/api/v1/machines/{machineId}/bmc/event-log', {
          params: {
            path: { machineId },
            query: {
              ...(severity === 'all' ? {} : { severity }),
              ...(pageParam === null ? {} : { before: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  })

/** As many as the bar on the front page shows. */
export const deploymentsQuery = queryOptions({
  queryKey: keys.deployments,
  queryFn: async ({ signal }) =>
    (await take(api.GET('/api/v1/deployments', { params: { query: { limit: 100 } }, signal }))).items,
})

export const sitesQuery = queryOptions({
  queryKey: keys.sites,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/sites', { signal }))).items,
})

export const edgesQuery = queryOptions({
  queryKey: keys.edges,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/edges', { signal }))).items,
})

export const leasesQuery = (edgeId: string) =>
  queryOptions({
    queryKey: keys.leases(edgeId),
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/edges/{edgeId}/leases', { params: { path: { edgeId } }, signal }))).items,
  })

export const imagesQuery = queryOptions({
  queryKey: keys.images,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/images', { signal }))).items,
})

export const imageUploadsQuery = queryOptions({
  queryKey: keys.imageUploads,
  queryFn: ({ signal }) => take(api.GET('/api/v1/image-uploads', { signal })),
})

export const templatesQuery = queryOptions({
  queryKey: keys.templates,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/templates', { signal }))).items,
})

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/users', { signal }))).items,
})

export const invitationsQuery = queryOptions({
  queryKey: keys.invitations,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/invitations', { signal }))).items,
})

export const peoplePolicyQuery = queryOptions({
  queryKey: keys.peoplePolicy,
  queryFn: ({ signal }) => take(api.GET('/api/v1/people-policy', { signal })),
})

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/me/sessions', { signal }))).items,
})

export const oidcQuery = queryOptions({
  queryKey: keys.oidc,
  queryFn: ({ signal }) => take(api.GET('/api/v1/oidc', { signal })),
})

export const passkeysQuery = queryOptions({
  queryKey: keys.passkeys,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/me/passkeys', { signal }))).items,
})

export const apiKeysQuery = queryOptions({
  queryKey: keys.apiKeys,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/me/api-keys', { signal }))).items,
})

/** Edges and images that arrive move it, too: asked again now and then while it is looked at. */
export const setupProgressQuery = queryOptions({
  queryKey: keys.setupProgress,
  queryFn: ({ signal }) => take(api.GET('/api/v1/setup/progress', { signal })),
})

export const sshKeysQuery = queryOptions({
  queryKey: keys.sshKeys,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/ssh-keys', { signal }))).items,
})

export const signingKeyQuery = queryOptions({
  queryKey: keys.signingKey,
  queryFn: ({ signal }) => take(api.GET('/api/v1/signing-key', { signal })),
})

export const recoveryKeyQuery = queryOptions({
  queryKey: keys.recoveryKey,
  queryFn: ({ signal }) => take(api.GET('/api/v1/recovery-key', { signal })),
})

/** Which BMC passwords an edge can open; under the edges' key, so that what makes those stale does it to this, too. */
export const edgePasswordsQuery = (edgeId: string) =>
  queryOptions({
    queryKey: keys.edgePasswords(edgeId),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/edges/{edgeId}/passwords', { params: { path: { edgeId } }, signal })),
  })
