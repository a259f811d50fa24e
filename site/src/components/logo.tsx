/** The dragonfly. Its body glows green while the portal hears from the control plane, and only then. */
export function Logo({ alive, size = 28 }: { alive: boolean; size?: number }) {
  return (
    <svg
      viewBox="0 0 32 32"
      width={size}
      height={size}
      aria-hidden="true"
      className="shrink-0 overflow-visible"
    >
      <g transform="rotate(32 16 16)">
        <g className="fill-touch/20 stroke-touch" strokeWidth="0.9" strokeLinejoin="round">
          <path d="M16.8 10.6C19.6 6 26.6 3.4 31 5.2c.2 3.4-7 7.2-14.2 6.6Z" />
          <path d="M15.2 10.6C12.4 6 5.4 3.4 1 5.2c-.2 3.4 7 7.2 14.2 6.6Z" />
          <path d="M16.8 12.4c5.4-.4 11.4 2.2 12 6.4-3.6 1.8-10-1.6-12-5.2Z" />
          <path d="M15.2 12.4c-5.4-.4-11.4 2.2-12 6.4 3.6 1.8 10-1.6 12-5.2Z" />
        </g>
        <g className="fill-none stroke-touch/50" strokeWidth="0.5">
          <path d="M17 11.1 28.6 6M15 11.1 3.4 6M17 13 26.6 17.4M15 13 5.4 17.4" />
        </g>
        <g
          className={alive ? 'fill-alive' : 'fill-control'}
          style={
            alive
              ? { filter: 'drop-shadow(0 0 2.5px color-mix(in srgb, var(--alive) 60%, transparent))' }
              : {}
          }
        >
          <circle cx="16" cy="6.9" r="2" />
          <rect x="14.4" y="8.9" width="3.2" height="6" rx="1.6" />
          <path d="M14.9 15.4h2.2l-.3 5h-1.6ZM15.2 21h1.6l-.2 4.4h-1.2ZM15.4 26h1.2l-.2 4.6q-.4.8-.8 0Z" />
        </g>
      </g>
    </svg>
  )
}
