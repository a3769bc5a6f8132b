import { Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { Icon } from "../components/icons.tsx";
import { signOut, switchTenant } from "../session/session.ts";
import { useSession } from "../session/who.tsx";

/** Who is here and where, and the way out. */
export function AccountMenu() {
  const { who, restart } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-start" width={232} withinPortal>
      <Menu.Target>
        <UnstyledButton className="account">
          <span className="account-mark" aria-hidden="true">
            {who.email.charAt(0).toUpperCase()}
          </span>
          <span className="account-text">
            <span className="account-place">{who.tenantName ?? "Operator"}</span>
            <span className="dim small">{who.email}</span>
          </span>
          <Icon name="chevrons" size={16} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {who.places.length < 2 ? null : (
          <>
            <Menu.Label>Go to</Menu.Label>
            {who.places.map(({ tenantId, name }) => (
              <Menu.Item
                key={tenantId ?? "operator"}
                onClick={() => {
                  void switchTenant(tenantId).finally(restart);
                }}
                rightSection={tenantId === who.tenantId ? <Icon name="check" size={14} /> : null}
              >
                {name}
              </Menu.Item>
            ))}
            <Menu.Divider />
          </>
        )}
        <Menu.Label>Appearance</Menu.Label>
        {(["auto", "light", "dark"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            leftSection={<Icon name={schemeIcons[scheme]} size={16} />}
            rightSection={colorScheme === scheme ? <Icon name="check" size={14} /> : null}
          >
            {schemeNames[scheme]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<Icon name="signOut" size={16} />}
          onClick={() => {
            void signOut().finally(restart);
          }}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const schemeIcons = { auto: "screen", light: "sun", dark: "moon" } as const;
const schemeNames = { auto: "As the system", light: "Light", dark: "Dark" } as const;
