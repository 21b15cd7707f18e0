using Mirror.Benchmarks.Http;

// Each bench is a subcommand; those that start with "serve-" are the servers that the http bench starts as processes of their own.
return args switch
{
    ["http", .. string[] rest] => await HttpBench.RunAsync(rest),
    ["serve-origin", string folder] => await OriginProcess.RunAsync(folder),
    ["serve-bare", string folder] => await BareKestrelProcess.RunAsync(folder),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: dotnet run -c Release --project tests/Mirror.Benchmarks -- BENCH
          http [--seconds N] [--rounds N] [--only TEXT]   CPU and rate of delivery, beside a bare Kestrel and nginx
        """);
    return 2;
}
