import {
  Checkbox,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  type VariantColorsResolver,
} from "@mantine/core";

/** The grey that all is drawn in: cool, and a shade darker than most where text stands on it. */
const slate: MantineColorsTuple = [
  "#f7f8f9",
  "#eef0f2",
  "#e1e4e8",
  "#cbd0d6",
  "#9aa2ac",
  "#6a737e",
  "#4b535d",
  "#343a42",
  "#22262c",
  "#16191d",
];

/** The gate's own colour, for what is alive and what is chosen. */
const signal: MantineColorsTuple = [
  "#fff1ec",
  "#ffe1d7",
  "#ffc1ae",
  "#ff9e81",
  "#fd7f5b",
  "#f96540",
  "#d9431b",
  "#b83513",
  "#942b10",
  "#6f200c",
];

/** Surfaces and fields after dark, in the same hue as the grey of the day. */
const dark: MantineColorsTuple = [
  "#d5d9de",
  "#b6bdc5",
  "#8f98a2",
  "#646d77",
  "#3b4249",
  "#2b3137",
  "#1d2125",
  "#15181b",
  "#101315",
  "#0b0d0f",
];

/** The main button is ink by day and paper by night; what stands on it is the other of the two. */
const variantColors: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const isMain = input.variant === "filled" && (input.color === undefined || input.color === "slate");
  return isMain ? { ...colors, color: "var(--on-primary)" } : colors;
};

export const theme = createTheme({
  primaryColor: "slate",
  primaryShade: { light: 9, dark: 1 },
  variantColorResolver: variantColors,
  components: {
    Checkbox: Checkbox.extend({ defaultProps: { iconColor: "var(--on-primary)" } }),
    // Mantine draws their crosses without a word.
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    Drawer: Drawer.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
  },
  colors: { slate, signal, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', monospace",
  headings: { fontWeight: "600" },
  defaultRadius: "sm",
  radius: { sm: "6px", md: "8px", lg: "10px" },
  cursorType: "pointer",
  respectReducedMotion: true,
});

/** What our own styles are drawn from, once for each scheme. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#1a1d21",
    "--mantine-color-dimmed": "#5c656f",
    "--mantine-color-placeholder": "#6a737e",
    "--mantine-color-error": "#b42318",
    "--on-primary": "#ffffff",
    "--ground": "#fafbfb",
    "--surface": "#ffffff",
    "--line": "#e4e7ea",
    "--line-strong": "#cfd4d9",
    "--hover": "#f3f5f6",
    "--link": "#1c5fc4",
    "--good": "#15734a",
    "--good-ground": "#e6f4ed",
    "--warn": "#8a5300",
    "--warn-ground": "#fdf1dc",
    "--bad": "#b42318",
    "--bad-ground": "#fdeceb",
  },
  dark: {
    "--mantine-color-body": "#15181b",
    "--mantine-color-text": "#e8eaed",
    "--mantine-color-dimmed": "#a0a8b1",
    "--mantine-color-placeholder": "#8b949e",
    "--mantine-color-error": "#ff9b90",
    "--on-primary": "#16191d",
    "--ground": "#0e1012",
    "--surface": "#15181b",
    "--line": "#282d32",
    "--line-strong": "#3b4249",
    "--hover": "#1d2125",
    "--link": "#84b4ff",
    "--good": "#6fd3a3",
    "--good-ground": "#12291f",
    "--warn": "#f0b95c",
    "--warn-ground": "#2c2213",
    "--bad": "#ff9b90",
    "--bad-ground": "#331917",
  },
});
