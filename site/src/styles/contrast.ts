/** Relative luminance of `#rrggbb`, WCAG 2.2. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  const [red = 0, green = 0, blue = 0] = channels
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

/** The custom properties of each theme in a style sheet like palette.css. */
export function parsePalette(css: string): Record<'dark' | 'light', Record<string, string>> {
  const palette: Record<'dark' | 'light', Record<string, string>> = { dark: {}, light: {} }
  for (const [, theme, body] of css.matchAll(/\[data-theme="(dark|light)"\]\s*\{([^}]*)\}/g)) {
    for (const [, name, value] of (body ?? '').matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/g))
      palette[theme as 'dark' | 'light'][name ?? ''] = value ?? ''
  }
  return palette
}
