using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Registers options classes with Mirror's configuration.</summary>
public static class MirrorOptionsExtensions
{
    /// <summary>
    /// Reads a section into <typeparamref name="T"/> and registers it as <see cref="IOptions{T}"/>. Keys are the names of the public settable
    /// properties in snake_case; properties of a class type are sections. Data annotations and <see cref="System.ComponentModel.DataAnnotations.IValidatableObject"/> are checked.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="section">The section: <c>ingestion.srt</c>.</param>
    /// <returns>The options, for what must be known while services are registered. A second call for a section gives the same object.</returns>
    /// <exception cref="MirrorStartException">A value is not allowed.</exception>
    public static T AddMirrorOptions<T>(this IHostApplicationBuilder builder, string section) where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(builder);
        T options = builder.MirrorSettings().Bind<T>(section);
        if (builder.Services.All(service => service.ServiceType != typeof(IOptionsFactory<T>)))
        {
            builder.Services.AddOptions();
            builder.Services.AddSingleton<IOptionsFactory<T>>(new BoundOptions<T>(options));
        }
        return options;
    }

    /// <summary>The host's settings; read from the environment alone where the host was made without <see cref="Hosting.MirrorHost"/>.</summary>
    internal static MirrorSettings MirrorSettings(this IHostApplicationBuilder builder)
    {
        if (builder.Properties.TryGetValue(typeof(MirrorSettings), out object? known)) { return (MirrorSettings)known; }
        MirrorSettings settings = Configuration.MirrorSettings.Load([]);
        builder.UseMirrorSettings(settings);
        return settings;
    }

    internal static void UseMirrorSettings(this IHostApplicationBuilder builder, MirrorSettings settings)
    {
        builder.Properties[typeof(MirrorSettings)] = settings;
        builder.Services.AddSingleton(settings);
    }

    private sealed class BoundOptions<T>(T options) : IOptionsFactory<T> where T : class
    {
        public T Create(string name) => options;
    }
}
