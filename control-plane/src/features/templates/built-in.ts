/** The templates that come with Dragonfly; their ids never change. */
export const builtInTemplates = [
  {
    templateId: 'cloud-image',
    yaml: `# A Linux cloud image (Debian, Ubuntu, Fedora, Rocky, ...) is written to the disk as it is; cloud-init does
# the rest at the first boot: host name, administrator, SSH keys, network. Then the machine reports in.
name: cloud-image
title: Linux cloud image (cloud-init)
description: Writes a raw cloud image, and configures it by cloud-init (NoCloud).
phonesHome: true
actions:
  - action: write-image
  - action: write-seed
  - action: restart
`,
  },
] as const
export const defaultTemplateId = 'cloud-image'
