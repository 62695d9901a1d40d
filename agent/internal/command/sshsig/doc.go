// Package sshsig makes and checks the signatures of ssh-keygen -Y sign, so that
// who may sign is told by an allowed_signers file (ssh-keygen(1)), and any key
// that ssh uses can sign, one on a FIDO token included. What is signed and how
// is PROTOCOL.sshsig of OpenSSH.
//
// It is stricter than OpenSSH. A signature has one spelling, the one that
// ssh-keygen prints. There are no certificates, no DSA, no RSA of less than
// 2048 bits and no SHA-1; a token must have been touched. A line of the file names its signers, and has no patterns.
//
// It does not know what a message says, when it was made or whether it came
// before: that is for the package command.
//
//	signers, err := sshsig.ParseSigners("allowed_signers", data)
//	who, err := signers.Verify(message, armored, "systant-command@v1", time.Now())
package sshsig
