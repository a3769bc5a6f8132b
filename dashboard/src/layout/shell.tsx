import { ActionIcon, Drawer } from "@mantine/core";
import { useDisclosure, useNetwork } from "@mantine/hooks";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { Icon, Mark } from "../components/icons.tsx";
import { useSession } from "../session/who.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { type NavItem, navigationOf } from "./navigation.ts";

/** What stands around every page: the way elsewhere, and who is here. */
export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, drawer] = useDisclosure(false);
  const [location] = useLocation();
  const { online } = useNetwork();
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever has arrived needs the way no longer
  useEffect(drawer.close, [location]);

  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <div className="topbar">
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Open navigation" onClick={drawer.open}>
          <Icon name="menu" size={20} />
        </ActionIcon>
        <Mark />
        <span className="brand-name">Tollgate</span>
      </div>
      <aside className="sidebar">
        <Navigation />
      </aside>
      <Drawer
        opened={isOpen}
        onClose={drawer.close}
        closeButtonProps={{ "aria-label": "Close navigation" }}
        size={264}
        title="Tollgate"
        padding="sm"
      >
        <Navigation />
      </Drawer>
      <main id="content" className="content" tabIndex={-1}>
        {online ? null : (
          <p className="offline" role="status">
            You are offline. What you see may be old; it is read again when the connection is back.
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

function Navigation() {
  const { who } = useSession();
  return (
    <div className="nav">
      <div className="brand">
        <Mark />
        <span className="brand-name">Tollgate</span>
      </div>
      <AccountMenu />
      <nav aria-label="Main">
        {navigationOf(who).map(({ label, items }) => (
          <div className="nav-group" key={label ?? "first"}>
            {label === undefined ? null : <p className="nav-label">{label}</p>}
            <ul>
              {items.map((item) => (
                <NavEntry key={item.path} {...item} />
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <ul className="nav-foot">
        <li>
          <a className="nav-link" href="/graphiql">
            <Icon name="graphiql" />
            GraphiQL
          </a>
        </li>
        <NavEntry path="/settings" label="Settings" icon="settings" />
      </ul>
    </div>
  );
}

function NavEntry({ path, label, icon }: NavItem) {
  const [location] = useLocation();
  const isHere = path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
  return (
    <li>
      <Link href={path} className="nav-link" aria-current={isHere ? "page" : undefined}>
        <Icon name={icon} />
        {label}
      </Link>
    </li>
  );
}
