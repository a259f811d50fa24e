export interface CatalogueImage {
  id: string
  /** What the image is called once it is here. */
  name: string
  /** The vendor's folder of dated builds. */
  folder: string
  /** A build that was there once, for when the folder can't be listed. */
  knownBuild: string
  /** Its file of a build, and the list of checksums beside it. */
  fileOf: (build: string) => string
  checksums: string
  /** Who cloud-init lets in by default. */
  defaultUser: string
}

const debian = (version: number, codename: string): CatalogueImage => ({
  id: `debian-${version}`,
  name: `Debian ${version} (${codename})`,
  folder: `https://cloud.debian.org/images/cloud/${codename}/`,
  knownBuild: '20260712-2537',
  // "generic" has the ordinary kernel; that of "genericcloud" lacks the drivers of most servers.
  fileOf: (build) => `debian-${version}-generic-amd64-${build}.raw`,
  checksums: 'SHA512SUMS',
  defaultUser: 'debian',
})

/** Images that can be had by name: raw disks that fit real hardware, with checksums published beside them. */
export const imageCatalogue: readonly CatalogueImage[] = [debian(13, 'trixie'), debian(12, 'bookworm')]

/** Their images are imported by address: they are not in the catalogue. */
export const publishersByAddress: readonly string[] = [
  'Ubuntu',
  'Rocky Linux',
  'AlmaLinux',
  'Fedora',
  'openSUSE',
]
