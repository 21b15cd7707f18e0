return await Mirror.Standalone.StandaloneHost.RunAsync(args);
