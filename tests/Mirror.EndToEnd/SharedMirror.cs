namespace Mirror.EndToEnd;

/// <summary>One Mirror for all tests of a class, whose streams therefore have names of their own.</summary>
public class SharedMirror : IAsyncLifetime
{
    private readonly string[] _settings;

    public SharedMirror()
        : this([])
    {
    }

    /// <param name="settings">Further command-line words.</param>
    protected SharedMirror(string[] settings) => _settings = settings;

    public MirrorServer Mirror { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Mirror = await MirrorServer.StartAsync(_settings);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Mirror.DisposeAsync();
    }
}
