//go:build tools

package main

// What generate.sh builds: named here so that go.mod says which versions, and go.sum that they are what they were.
import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
