const shapes = {
  machines: 'M3 5.5h14M3 10h14M3 14.5h14M5.5 5.5v9M14.5 5.5v9',
  sites: 'M10 17s5.5-5 5.5-9.2a5.5 5.5 0 0 0-11 0C4.5 12 10 17 10 17Zm0-7a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  images:
    'M10 3c4 0 6.5 1.1 6.5 2.6S14 8.2 10 8.2 3.5 7.1 3.5 5.6 6 3 10 3ZM3.5 5.6v8.8C3.5 15.9 6 17 10 17s6.5-1.1 6.5-2.6V5.6M3.5 10c0 1.5 2.5 2.6 6.5 2.6s6.5-1.1 6.5-2.6',
  templates: 'M5 3h7l3.5 3.5V17H5ZM12 3v3.5h3.5M7.5 10h5.5M7.5 13h5.5',
  search: 'M8.8 14.1a5.3 5.3 0 1 0 0-10.6 5.3 5.3 0 0 0 0 10.6ZM12.8 12.8 17 17',
  sun: 'M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1',
  moon: 'M16.5 11.6A6.8 6.8 0 0 1 8.4 3.5a6.8 6.8 0 1 0 8.1 8.1Z',
  system: 'M3 4h14v9H3ZM7.5 16.5h5M10 13v3.5',
  close: 'M5 5l10 10M15 5 5 15',
  check: 'M4 10.5 8.2 14.5 16 6',
  copy: 'M7 7h9v9H7ZM4 13V4h9',
  chevron: 'M7 4.5 12.5 10 7 15.5',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  plus: 'M10 4v12M4 10h12',
  edit: 'M4 16l.8-3.4L13.2 4.2l2.6 2.6L7.4 15.2ZM11.5 5.9l2.6 2.6',
  lock: 'M5 9h10v8H5ZM7 9V6.5a3 3 0 0 1 6 0V9M10 12v2',
  person: 'M10 9.8a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.8 17c.5-3.4 3-5 6.2-5s5.7 1.6 6.2 5',
} as const
export type IconName = keyof typeof shapes

/** A line drawing; what it stands for is said by the text or label beside it. */
export function Icon({
  name,
  size = 20,
  className = '',
}: {
  name: IconName
  size?: number
  className?: string
}) {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      aria-hidden="true"
      className={`shrink-0 fill-none stroke-current ${className}`}
      strokeWidth={name === 'more' ? 2.6 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={shapes[name]} />
    </svg>
  )
}
