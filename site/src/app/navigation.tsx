import { isSetupOpen } from '@dragonfly/schema/state'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { DropdownMenu } from 'radix-ui'
import { useLiveStatus } from '../api/live.ts'
import { signOut } from '../api/people.ts'
import { meQuery, setupProgressQuery } from '../api/queries.ts'
import { IconButton } from '../components/button.tsx'
import { Icon, type IconName } from '../components/icons.tsx'
import { Logo } from '../components/logo.tsx'
import { Menu, MenuItem, MenuLabel } from '../components/menu.tsx'
import { chooseTheme, themeChoices, useTheme } from '../components/theme.ts'
import { SafetyToggle } from '../features/safety/safety-toggle.tsx'
import { capitalise } from '../format/words.ts'
import { paths } from './paths.ts'

export const destinations: readonly { to: string; label: string; icon: IconName }[] = [
  { to: paths.machines, label: 'Machines', icon: 'machines' },
  { to: paths.sites, label: 'Sites', icon: 'sites' },
  { to: paths.images, label: 'Images', icon: 'images' },
  { to: paths.templates, label: 'Templates', icon: 'templates' },
]

export function TopBar({ onSearch }: { onSearch: () => void }) {
  const live = useLiveStatus()
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-ground/95 backdrop-blur-sm">
      <div className="mx-auto flex h-14 max-w-[92rem] items-center gap-1 px-4 sm:px-8">
        <Link
          to={paths.machines}
          aria-label="Dragonfly"
          className="touchable mr-3 flex items-center gap-2.5 lg:mr-6"
        >
          <Logo alive={live === 'live'} />
          <span className="text-[1.2rem] font-semibold tracking-tight">dragonfly</span>
        </Link>
        <nav aria-label="Main" className="hidden h-full items-stretch gap-1 md:flex">
          {destinations.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: true, includeSearch: false }}
              className="flex items-center border-b-2 border-transparent px-3 text-ink-soft hover:text-ink aria-[current=page]:border-touch aria-[current=page]:text-ink"
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="grow" />
        <SetupLink />
        <Connection />
        <button
          type="button"
          onClick={onSearch}
          aria-keyshortcuts="Control+K Meta+K"
          className="touchable flex items-center justify-center gap-3 rounded-md border border-transparent px-2 py-1 text-ink-soft hover:text-touch lg:border-line lg:hover:border-control"
        >
          <Icon name="search" size={18} />
          <span className="text-[0.95rem] max-lg:sr-only">Find or do</span>{' '}
          <kbd className="hidden font-mono text-[0.75rem] text-ink-faint lg:inline">Ctrl K</kbd>
          <span className="sr-only">, search and commands</span>
        </button>
        <SafetyToggle />
        <ThemeMenu />
        <AccountMenu />
      </div>
    </header>
  )
}

/** Offered until the set-up is done, or somebody says that it is over. */
function useSetupOffer(): boolean {
  const { data: me } = useQuery(meQuery)
  const isAdministrator = me?.role === 'administrator'
  const { data: progress } = useQuery({ ...setupProgressQuery, enabled: isAdministrator })
  return isAdministrator && progress !== undefined && isSetupOpen(progress)
}

/** On a phone there is no room for it: it is in the account's menu. */
function SetupLink() {
  if (!useSetupOffer()) return null
  return (
    <Link
      to={paths.setup}
      className="touchable mr-2 hidden items-center rounded-md px-2 py-1 whitespace-nowrap text-touch hover:bg-hover md:inline-flex"
    >
      Set up
    </Link>
  )
}

/** Quiet while all is well; the dragonfly's green says so. */
function Connection() {
  const live = useLiveStatus()
  return (
    <span role="status" className="mr-2 text-[0.9rem]">
      {live === 'waiting' ? (
        <span className="text-wanted">Not live: reconnecting …</span>
      ) : (
        <span className="sr-only">{live === 'live' ? 'Live' : 'Connecting'}</span>
      )}
    </span>
  )
}

function ThemeMenu() {
  const theme = useTheme()
  return (
    <Menu
      trigger={
        <IconButton label="Theme">
          <Icon name={theme === 'light' ? 'sun' : theme === 'dark' ? 'moon' : 'system'} />
        </IconButton>
      }
    >
      <DropdownMenu.RadioGroup value={theme} onValueChange={(value) => chooseTheme(value as typeof theme)}>
        {themeChoices.map((choice) => (
          <DropdownMenu.RadioItem
            key={choice}
            value={choice}
            className="touchable flex cursor-pointer items-center gap-2 rounded px-3 py-1.5 outline-none data-highlighted:bg-hover data-highlighted:text-touch"
          >
            <span className="w-5">
              <DropdownMenu.ItemIndicator>
                <Icon name="check" size={17} />
              </DropdownMenu.ItemIndicator>
            </span>
            {capitalise(choice)}
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </Menu>
  )
}

function AccountMenu() {
  const { data: me } = useQuery(meQuery)
  const isSetupOffered = useSetupOffer()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const leave = async (): Promise<void> => {
    await signOut()
    queryClient.clear()
    await navigate({ to: paths.signIn })
  }
  return (
    <Menu
      trigger={
        <IconButton label="Account">
          <Icon name="person" />
        </IconButton>
      }
    >
      {me && (
        <MenuLabel>
          <span className="block text-base text-ink">{me.name}</span>
          {me.email} · {me.role}
        </MenuLabel>
      )}
      {isSetupOffered && <MenuItem onSelect={() => void navigate({ to: paths.setup })}>Set up</MenuItem>}
      <MenuItem onSelect={() => void navigate({ to: paths.account })}>Your account</MenuItem>
      {me?.role === 'administrator' && (
        <MenuItem onSelect={() => void navigate({ to: paths.people })}>People</MenuItem>
      )}
      {me?.role === 'administrator' && (
        <MenuItem onSelect={() => void navigate({ to: paths.audit })}>Audit log</MenuItem>
      )}
      {me?.role === 'administrator' && (
        <MenuItem onSelect={() => void navigate({ to: paths.settings })}>Settings</MenuItem>
      )}
      <MenuItem onSelect={() => void leave()}>Sign out</MenuItem>
    </Menu>
  )
}

/** The navigation under the thumb. */
export function BottomBar() {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-ground pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {destinations.map(({ to, label, icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          className="flex min-h-14 grow basis-0 flex-col items-center justify-center gap-0.5 text-[0.8rem] text-ink-soft aria-[current=page]:text-touch"
        >
          <Icon name={icon} size={22} />
          {label}
        </Link>
      ))}
    </nav>
  )
}
