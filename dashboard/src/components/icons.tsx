/** The dashboard's icons, drawn on a grid of 20 with one weight of line. They say nothing that the text beside them does not. */
const paths = {
  overview: "M3 16.5h14M5 13.5v-4M9 13.5V5M13 13.5v-6M17 13.5v-2.5",
  playground: "M4 4h12v9H9l-4 3.5V13H4zM7.5 7.5h5M7.5 10h3",
  models: "M10 2.5 17 6.2v7.6L10 17.5 3 13.8V6.2zM3.2 6.3 10 10l6.8-3.7M10 10v7.3",
  keys: "M12.5 3.5a4 4 0 1 0-3.6 5.7L4 14v2.5h2.8V14.4h2V12.3h1.9l1.1-1.2a4 4 0 0 0 .7-7.6zM13.2 6.7v.1",
  jobs: "M3.5 5.5h13M3.5 10h13M3.5 14.5h8M15 13v4M13 15h4",
  billing: "M4.5 2.5h11v15l-2.2-1.4-1.7 1.4-1.6-1.4-1.6 1.4-1.7-1.4-2.2 1.4zM7.5 7h5M7.5 10.5h5",
  limits: "M3.5 14.5a7 7 0 1 1 13 0M10 12.5l3.4-4.6M9.2 13.2h1.6",
  members:
    "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 17a5.5 5.5 0 0 1 11 0M13 4a3 3 0 0 1 0 5.3M15 12.2A5.5 5.5 0 0 1 18 17",
  audit: "M5 2.5h7l3.5 3.5v11.5H5zM12 2.5V6h3.5M7.8 10h5M7.8 13.3h5",
  webhooks:
    "M10 7.5 7.2 13M10 7.5a2.6 2.6 0 1 0-2.2-1.2M5.4 12.8a2.4 2.4 0 1 0 2.4 2.7h6.4M14.7 12.8a2.4 2.4 0 1 1-1.9 3.7M12.3 6.8l2.4 5.8",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  tenants: "M3.5 17.5v-11l6-4v15M9.5 7.5l7 2.5v7.5M2 17.5h16M6 8.5v.1M6 12v.1M13 12.5v.1M13 15v.1",
  plans: "M3.5 5h13v3.2a1.9 1.9 0 0 0 0 3.6V15h-13v-3.2a1.9 1.9 0 0 0 0-3.6zM12 5v2M12 9v2M12 13v2",
  graphiql: "M10 2.5 16.5 6.2v7.6L10 17.5l-6.5-3.7V6.2zM4 13.5h12L10 3.2z",
  engine: "M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3",
  copy: "M7 7h9.5v9.5H7zM4.5 12.5h-1v-9h9v1",
  check: "m4.5 10.5 3.7 3.7 7.3-8.2",
  plus: "M10 4v12M4 10h12",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  pause: "M7 4.5v11M13 4.5v11",
  chevrons: "m6.5 7.5 3.5-3.5 3.5 3.5M6.5 12.5l3.5 3.5 3.5-3.5",
  more: "M4.5 10h.1M10 10h.1M15.5 10h.1",
  left: "m12 4.5-5.5 5.5 5.5 5.5",
  right: "m8 4.5 5.5 5.5L8 15.5",
  up: "M10 16V4.5M5 9.5l5-5 5 5",
  open: "m4.5 8 5.5 5.5L15.5 8",
  down: "M10 4v11.5M5 10.5l5 5 5-5",
  refresh: "M16.5 8A7 7 0 1 0 17 11.5M17 3.5V8h-4.5",
  warning: "M10 3 18 16.5H2zM10 8v4M10 14.3v.1",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 2v1.8M10 16.2V18M2 10h1.8M16.2 10H18M4.3 4.3l1.3 1.3M14.4 14.4l1.3 1.3M15.7 4.3l-1.3 1.3M5.6 14.4l-1.3 1.3",
  moon: "M16.5 12A7 7 0 0 1 8 3.5 7 7 0 1 0 16.5 12z",
  screen: "M2.5 4h15v10h-15zM7 17.5h6M10 14v3.5",
  trash: "M3.5 5.5h13M8 5.5v-2h4v2M5 5.5l.8 11.5h8.4l.8-11.5M8.3 8.5v5.5M11.7 8.5v5.5",
  signOut: "M12 6.5v-3H4v13h8v-3M8.5 10H17M14 7l3 3-3 3",
  upload: "M10 13V3.5M6 7.2l4-3.7 4 3.7M3.5 12.5v4h13v-4",
  download: "M10 3v9.5M6 8.8l4 3.7 4-3.7M3.5 13v3.5h13V13",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** A barrier with its stripes: the product's mark. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" className="mark">
      <rect className="mark-ground" width="32" height="32" rx="7" />
      <rect className="mark-post" x="6" y="9" width="4" height="16" rx="1.5" />
      <path fill="#ff5c35" d="M10 11h16v5H10z" />
      <path className="mark-post" d="m14 11 3.2 0-2.4 5h-3.2zM20.4 11h3.2l-2.4 5H18z" />
    </svg>
  );
}
