package main

import (
	"fmt"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/people"
)

func userCommand(s streams) *cobra.Command {
	return group("user", "People who may log in to the console", userAdd(s), userList(s), userPassword(s), userRemove(s))
}

// passwordFrom reads a password from standard input.
func passwordFrom(s streams) (gk.Secret, error) {
	password, err := secretInput(s, "-")
	if err == nil && password == "" {
		err = usage("the password comes on standard input, which is empty")
	}
	return gk.NewSecret(password), err
}

func userAdd(s streams) *cobra.Command {
	var role string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let somebody log in; the password comes on standard input", Args: cobra.ExactArgs(1),
		Example: "  grantkeep user add lin --role operator < password.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !people.ValidRole(role) {
				return usage("--role is support, operator or administrator")
			}
			c, err := remote()
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
				return printJSON(s.out, made)
			}
			_, err = fmt.Fprintln(s.out, made.ID)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "support, operator or administrator")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func userList(s streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who may log in", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			users, err := c.Users(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, users)
			}
			rows := make([][]string, 0, len(users))
			for _, u := range users {
				password := "set"
				if !u.Password {
					password = "not yet"
				}
				rows = append(rows, []string{u.ID, u.Name, u.Role, password, when(u.CreatedAt)})
			}
			printTable(s.out, []string{"User", "Name", "Role", "Password", "Made"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func userPassword(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "passwd NAME", Short: "Set a password, which comes on standard input, and end the logins", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := remote()
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

func userRemove(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove somebody, and end the logins", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			if err := c.RemoveUser(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.out, "removed", args[0])
			return err
		},
	}
}
