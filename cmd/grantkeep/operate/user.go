package operate

import (
	"fmt"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/people"
)

func UserCommand(s shell.Streams) *cobra.Command {
	return shell.Group("user", "People who may log in to the console", userAdd(s), userList(s), userPassword(s), userRemove(s))
}

// passwordFrom reads a password from standard input.
func passwordFrom(s shell.Streams) (gk.Secret, error) {
	password, err := shell.SecretInput(s, "-")
	if err == nil && password == "" {
		err = shell.Usage("the password comes on standard input, which is empty")
	}
	return gk.NewSecret(password), err
}

func userAdd(s shell.Streams) *cobra.Command {
	var role string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let somebody log in; the password comes on standard input", Args: cobra.ExactArgs(1),
		Example: "  grantkeep user add lin --role operator < password.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !people.ValidRole(role) {
				return shell.Usage("--role takes support, operator or administrator")
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			password, err := passwordFrom(s)
			if err != nil {
				return err
			}
			made, err := c.CreateUser(cmd.Context(), args[0], role, password)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, made)
			}
			_, err = fmt.Fprintln(s.Out, made.ID)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "support, operator or administrator")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func userList(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who may log in", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			users, err := c.Users(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, users)
			}
			rows := make([][]string, 0, len(users))
			for _, u := range users {
				password := "set"
				if !u.Password {
					password = "not yet"
				}
				rows = append(rows, []string{u.ID, u.Name, u.Role, password, shell.When(u.CreatedAt)})
			}
			shell.PrintTable(s.Out, []string{"User", "Name", "Role", "Password", "Made"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func userPassword(s shell.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "passwd NAME", Short: "Set a password, which comes on standard input, and end the logins", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			password, err := passwordFrom(s)
			if err != nil {
				return err
			}
			return c.SetUserPassword(cmd.Context(), args[0], password)
		},
	}
}

func userRemove(s shell.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove somebody, and end the logins", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if err := c.RemoveUser(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, "removed", args[0])
			return err
		},
	}
}
