import {
  type MachineStatus,
  type PowerOperation,
  powerOperations,
  type SetupStepId,
  setupStepIds,
} from '@dragonfly/schema/state'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { ApiError } from '../api/problem.ts'
import { meQuery, setupQuery } from '../api/queries.ts'
import type { Me } from '../api/views.ts'
import { type AuditSearch, readAuditSearch } from '../features/audit/audit-search.ts'
import { statusOrder } from '../features/machines/machine-list.ts'
import { Broken } from './broken.tsx'
import { AccountPage } from './pages/account-page.tsx'
import { AuditPage } from './pages/audit-page.tsx'
import { ClosedPage } from './pages/closed-page.tsx'
import { FindBmcsPage } from './pages/find-bmcs-page.tsx'
import { FrontPage } from './pages/front-page.tsx'
import { ImagesPage } from './pages/images-page.tsx'
import { InvitationPage } from './pages/invitation-page.tsx'
import { MachinePage, type MachineTab, machineTabs } from './pages/machine-page.tsx'
import { MachinesPage } from './pages/machines-page.tsx'
import { NotFoundPage } from './pages/not-found-page.tsx'
import { PeoplePage } from './pages/people-page.tsx'
import { ProviderPage } from './pages/provider-page.tsx'
import { SettingsPage } from './pages/settings-page.tsx'
import { SetupPage } from './pages/setup-page.tsx'
import { SignInPage } from './pages/sign-in-page.tsx'
import { SitesPage } from './pages/sites-page.tsx'
import { TemplatesPage } from './pages/templates-page.tsx'
import { WelcomePage } from './pages/welcome-page.tsx'
import { paths } from './paths.ts'
import { Shell } from './shell.tsx'

interface Context {
  queryClient: QueryClient
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  errorComponent: Broken,
  notFoundComponent: NotFoundPage,
})

/** Everything behind the sign-in: asks who is there before a page is drawn. */
const portal = createRoute({
  getParentRoute: () => root,
  id: 'portal',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    let me: Me
    try {
      me = await context.queryClient.ensureQueryData(meQuery)
    } catch (error) {
      if (!(error instanceof ApiError) || (error.problem.status !== 401 && error.problem.status !== 403))
        throw error
      const setup = await context.queryClient.ensureQueryData(setupQuery)
      if (!setup.needsAdministrator && setup.frontPage === 'open' && location.pathname === paths.machines)
        throw redirect({ to: paths.front })
      throw redirect(
        setup.needsAdministrator
          ? { to: paths.welcome }
          : { to: paths.signIn, search: location.href === '/' ? {} : { next: location.href } },
      )
    }
    if (me.role !== 'administrator' && location.pathname !== paths.account) {
      const { frontPage } = await context.queryClient.fetchQuery(setupQuery)
      if (frontPage === 'administrators') throw redirect({ to: paths.closed })
    }
    const mustEnrol = me.mfa.required && !me.mfa.enabled && !me.mfa.verified
    if (mustEnrol && location.pathname !== paths.account) throw redirect({ to: paths.account })
  },
})

export interface MachinesSearch {
  q?: string | undefined
  status?: MachineStatus | undefined
  site?: string | undefined
  do?: 'add' | 'adopt-bmc' | undefined
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined

const machines = createRoute({
  getParentRoute: () => portal,
  path: '/',
  component: MachinesPage,
  validateSearch: (search: Record<string, unknown>): MachinesSearch => ({
    q: text(search.q),
    status: statusOrder.find((status) => status === search.status),
    site: text(search.site),
    do: search.do === 'add' || search.do === 'adopt-bmc' ? search.do : undefined,
  }),
})

const findBmcs = createRoute({
  getParentRoute: () => portal,
  path: paths.findBmcs,
  component: FindBmcsPage,
  validateSearch: (search: Record<string, unknown>): { site?: string | undefined } => ({
    site: text(search.site),
  }),
})

const machine = createRoute({
  getParentRoute: () => portal,
  path: '/machines/$machineId',
  component: MachinePage,
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: MachineTab | undefined; ask?: PowerOperation | undefined } => ({
    tab: machineTabs.find((tab) => tab === search.tab),
    ask: powerOperations.find((operation) => operation === search.ask),
  }),
})

/** `?do=` opens the dialog of a page: from the palette, or from a link. */
function doing<Action extends string>(action: Action) {
  return (search: Record<string, unknown>): { do?: Action | undefined } => ({
    do: search.do === action ? action : undefined,
  })
}

const sites = createRoute({
  getParentRoute: () => portal,
  path: paths.sites,
  component: SitesPage,
  validateSearch: doing('enrol'),
})
const images = createRoute({
  getParentRoute: () => portal,
  path: paths.images,
  component: ImagesPage,
  validateSearch: doing('import'),
})
const templates = createRoute({
  getParentRoute: () => portal,
  path: paths.templates,
  component: TemplatesPage,
  validateSearch: doing('add'),
})
const people = createRoute({ getParentRoute: () => portal, path: paths.people, component: PeoplePage })
const account = createRoute({ getParentRoute: () => portal, path: paths.account, component: AccountPage })
const invitation = createRoute({
  getParentRoute: () => root,
  path: paths.invitation,
  component: InvitationPage,
})
const setup = createRoute({
  getParentRoute: () => portal,
  path: paths.setup,
  component: SetupPage,
  validateSearch: (search: Record<string, unknown>): { step?: SetupStepId | undefined } => ({
    step: setupStepIds.find((step) => step === search.step),
  }),
})
const settings = createRoute({ getParentRoute: () => portal, path: paths.settings, component: SettingsPage })
const audit = createRoute({
  getParentRoute: () => portal,
  path: paths.audit,
  component: AuditPage,
  validateSearch: (search: Record<string, unknown>): AuditSearch => readAuditSearch(search),
})
const signIn = createRoute({
  getParentRoute: () => root,
  path: paths.signIn,
  component: SignInPage,
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => ({
    next: text(search.next),
  }),
})
const provider = createRoute({ getParentRoute: () => root, path: paths.provider, component: ProviderPage })
const welcome = createRoute({ getParentRoute: () => root, path: paths.welcome, component: WelcomePage })
const front = createRoute({ getParentRoute: () => root, path: paths.front, component: FrontPage })
const closed = createRoute({ getParentRoute: () => root, path: paths.closed, component: ClosedPage })
const machinesAlias = createRoute({
  getParentRoute: () => root,
  path: '/machines',
  beforeLoad: () => {
    throw redirect({ to: paths.machines })
  },
})

export function createPortalRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([
      portal.addChildren([
        machines,
        findBmcs,
        machine,
        sites,
        images,
        templates,
        people,
        account,
        audit,
        settings,
        setup,
      ]),
      invitation,
      signIn,
      provider,
      welcome,
      front,
      closed,
      machinesAlias,
    ]),
    context: { queryClient },
    scrollRestoration: true,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: NotFoundPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPortalRouter>
  }
}
