// Line icons on a 24 x 24 grid.
const PATHS = {
  now: "M12 3v3M12 18v3M3 12h3M18 12h3M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  forYou: "M12 4l2.3 5 5.2.6-3.9 3.6 1.1 5.3L12 15.8 7.3 18.500l1.1-5.300L4.5 9.6 9.7 9Z",
  me: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4.5 20c1-4 4-5.5 7.5-5.500s6.5 1.5 7.5 5.5",
  operator: "M4 19V9M10 19V5M16 19v-7M21 19H3",
  like: "M12 20S4 15 4 9.500A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.500C20 15 12 20 12 20Z",
  save: "M7 4h10v16l-5-4-5 4Z",
  skip: "M5 6l8 6-8 6ZM17 6v12",
  not_now: "M12 7v5l3.5 2M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z",
  rate: "M12 4l2.3 5 5.2.6-3.9 3.6 1.1 5.3L12 15.8 7.3 18.5l1.1-5.3L4.5 9.6 9.7 9Z",
  dislike: "M6 6l12 12M18 6L6 18",
  play: "M14 4h6v6M20 4l-9 9M10 6H5v13h13v-5",
  trailer: "M4 6h16v12H4ZM10.5 9.500v5l4-2.500Z",
  finish: "M5 12.500l4.5 4.500L19 7.5",
  everything: "M5 5h5v5H5ZM14 5h5v5h-5ZM5 14h5v5H5ZM14 14h5v5h-5Z",
  music: "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z",
  movie: "M4 6h16v12H4ZM8 6v12M16 6v12M4 10h4M4 14h4M16 10h4M16 14h4",
  game: "M7 8h10a4 4 0 0 1 4 4.500c-.3 3-1 5.5-2.8 5.5-1.7 0-2.2-2.5-3.7-2.500h-5C8 15.5 7.5 18 5.8 18 4 18 3.3 15.5 3 12.500A4 4 0 0 1 7 8ZM8.5 10.500v3M7 12h3M16 11v2",
  wellbeing: "M5 19C5 9 11 5 20 5c0 9-4 15-14 13M5 19c2-4 5-7 9-9",
  book: "M12 7c-2-1.5-4.5-2-8-2v13c3.5 0 6 .5 8 2 2-1.5 4.5-2 8-2V5c-3.5 0-6 .5-8 2ZM12 7v13",
  podcast: "M12 4a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3ZM6 11.500a6 6 0 0 0 12 0M12 17.500V21",
  course: "M3 9.5 12 5l9 4.5-9 4.500ZM7 12v4.500c3 2 7 2 10 0V12M21 9.500V15",
  camera: "M4 8h3l2-3h6l2 3h3v11H4ZM12 10a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z",
  picture: "M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M15.5 8.500h.01",
  hand: "M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM8.5 10h.010M15.5 10h.010M8.5 14.500c2 2 5 2 7 0",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg class={filled ? "icon filled" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function iconOf(kind: string): IconName {
  return kind in PATHS ? (kind as IconName) : "everything";
}
