#!/usr/bin/perl
# Fills a fresh RT: queue, agents, the bridge's user, rights, tokens. usage: seed.pl < JSON
# JSON in:  {"queue": NAME, "agents": [{"name","real_name","password"}], "bridge": NAME}
# JSON out: {"queue": ID, "tokens": {NAME: TOKEN}}
use strict;
use warnings;
use JSON ();
use RT -init;

my $json = JSON->new->utf8->canonical;
my $want = $json->decode( do { local $/; <STDIN> } );
my $sys  = RT->SystemUser;
sub must { my ( $ok, $message ) = @_; die 'seed: ' . ( $message // 'refused' ) . "\n" unless $ok; return $ok }

my $queue = RT::Queue->new($sys);
must( $queue->Create(
    Name              => $want->{queue},
    Description       => 'Messages from social networks',
    CorrespondAddress => 'care@care.test',
    CommentAddress    => 'care-comment@care.test',
) );

sub make_user {
    my %args = @_;
    my $user = RT::User->new($sys);
    must( $user->Create( Privileged => 1, %args ) );
    return $user;
}

sub grant {
    my ( $user, $object, @rights ) = @_;
    must( $user->PrincipalObj->GrantRight( Right => $_, Object => $object ) ) for @rights;
    return;
}

# RT keeps only a hash of a token: this is the one chance to see it.
sub token_of {
    my $user = shift;
    my ( $id, $message, $token ) = RT::AuthToken->new($sys)->Create( Owner => $user->Id, Description => 'end to end' );
    must( $id, $message );
    return $token;
}

my @TICKET_RIGHTS = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket
    ModifyTicket OwnTicket TakeTicket Watch SeeCustomField);
my %token;
for my $agent ( @{ $want->{agents} } ) {
    my $user = make_user(
        Name         => $agent->{name},
        RealName     => $agent->{real_name},
        EmailAddress => "$agent->{name}\@care.test",
        Password     => $agent->{password},
    );
    grant( $user, $queue, @TICKET_RIGHTS, 'ForwardMessage', 'StealTicket' );
    grant( $user, RT->System, 'ModifySelf' );
    $token{ $agent->{name} } = token_of($user);
}
my $bridge = make_user( Name => $want->{bridge}, RealName => 'Careloop', EmailAddress => 'bridge@care.test' );
# Without these two rights, agents see Careloop's fields but find no box for them in their reply form.
grant( $bridge, $queue, @TICKET_RIGHTS, qw(ModifyCustomField SetInitialCustomField) );
grant( $bridge, RT->System, qw(AdminUsers SeeGroup) );    # AdminUsers: to create requestors over REST
$token{ $want->{bridge} } = token_of($bridge);

print $json->encode( { queue => 0 + $queue->Id, tokens => \%token } ), "\n";
