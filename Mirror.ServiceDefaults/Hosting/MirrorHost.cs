using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.ServiceDefaults.Certificates;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Health;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>Runs a Mirror process: its Program.cs says which services, and this the rest.</summary>
public static partial class MirrorHost
{
    /// <summary>Runs until the process is told to stop, or answers <c>--help</c>, <c>--version</c>, <c>--print-config</c>, <c>--print-certificate</c>.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="configure">Registers the services: <c>AddMirror…</c>.</param>
    /// <param name="map">Maps their endpoints: <c>MapMirror…</c>.</param>
    /// <returns>The exit code: 0, or that of a <see cref="MirrorStartException"/>, whose message was printed on standard error.</returns>
    public static async Task<int> RunAsync(string[] arguments, Action<WebApplicationBuilder> configure, Action<WebApplication> map)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(map);
        try
        {
            MirrorSettings settings = MirrorSettings.Load(arguments);
            WebApplicationBuilder builder = CreateBuilder(settings, configure);
            if (settings.Command != MirrorCommand.Run)
            {
                await Console.Out.WriteAsync(Answer(settings));
                return 0;
            }
            await using WebApplication app = Build(builder, map);
            await app.StartAsync();
            LogListening(app);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (MirrorStartException error)
        {
            await Console.Error.WriteLineAsync($"mirror: {error.Message}");
            return error.ExitCode;
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"mirror: {error.Message.TrimEnd('.')}. Choose other ports with --server.https_port and --server.http_port.");
            return MirrorStartException.StartFailed;
        }
    }

    /// <summary>Builds a process that a test starts and stops by itself.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="configure">Registers the services.</param>
    /// <param name="map">Maps their endpoints.</param>
    /// <exception cref="MirrorStartException">The configuration is wrong.</exception>
    public static WebApplication Build(string[] arguments, Action<WebApplicationBuilder> configure, Action<WebApplication> map)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(map);
        return Build(CreateBuilder(MirrorSettings.Load(arguments), configure), map);
    }

    private static WebApplicationBuilder CreateBuilder(MirrorSettings settings, Action<WebApplicationBuilder> configure)
    {
        // Empty: no appsettings.json, no ASPNETCORE_ variables. Mirror's own sources are the only ones.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.UseMirrorSettings(settings);
        builder.AddMirrorDefaults();
        builder.UseMirrorKestrel();
        builder.Services.AddRoutingCore();
        configure(builder);
        settings.ThrowIfInconsistent();
        return builder;
    }

    private static WebApplication Build(WebApplicationBuilder builder, Action<WebApplication> map)
    {
        WebApplication app = builder.Build();
        app.MapMirrorDefaults();
        map(app);
        return app;
    }

    private static string Answer(MirrorSettings settings) => settings.Command switch
    {
        MirrorCommand.Help => HelpText.Write(SettingReference.Entries),
        MirrorCommand.Version => $"Mirror {ProductVersion.Current.Number}\n",
        MirrorCommand.PrintConfiguration => settings.Print(),
        _ => CertificateText.Write(settings.Bind<ServerOptions>("server").Certificate),
    };

    private static void LogListening(WebApplication app)
    {
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Mirror.Server");
        bool http3 = KestrelExtensions.HasHttp3(app.Services.GetRequiredService<MirrorSettings>().Bind<ServerOptions>("server"));
        ClusterOptions cluster = app.Services.GetRequiredService<MirrorSettings>().Bind<ClusterOptions>("cluster");
        foreach (string address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
        {
            bool secure = address.StartsWith("https", StringComparison.Ordinal);
            bool isForNodes = cluster.IsEnabled && new Uri(address.Replace("[::]", "localhost", StringComparison.Ordinal)).Port == cluster.Port;
            LogListening(logger, address, isForNodes ? "HTTP/2, for other nodes" : !secure ? "HTTP/1.1" : http3 ? "HTTP/1.1, HTTP/2, HTTP/3" : "HTTP/1.1, HTTP/2");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on {Address} ({Protocols})")]
    private static partial void LogListening(ILogger logger, string address, string protocols);
}
